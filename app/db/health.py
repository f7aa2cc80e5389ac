"""What probes ask the database."""

import asyncio

from app.db.database import Database
from app.db.migrate import head
from app.errors import StoreUnavailable

_MISMATCHED = """
SELECT s.id FROM embedding_spaces s JOIN collections c ON c.space_id = s.id AND c.deleted_at IS NULL
LEFT JOIN pg_attribute a ON a.attrelid = to_regclass('vectors_' || s.id) AND a.attname = 'embedding'
WHERE a.atttypmod IS DISTINCT FROM s.dimension ORDER BY s.id LIMIT 1
"""


async def check_answers(database: Database) -> None:
    """
    Raises:
        StoreUnavailable: the pool is closed or the database is away.
    """
    async with database.connection() as connection:
        await connection.execute("SELECT 1")


async def check_migrated(database: Database) -> None:
    """
    Raises:
        StoreUnavailable: the schema is not the one that this release needs.
    """
    async with database.connection() as connection:
        revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    if revision != await asyncio.to_thread(head):
        raise StoreUnavailable(f"The schema is at revision {revision}; run `localchat migrate`.")


async def check_dimensions(database: Database) -> None:
    """
    Raises:
        StoreUnavailable: a collection's index does not have the dimension of its model.
    """
    async with database.connection() as connection:
        mismatched = await connection.fetchval(_MISMATCHED)
    if mismatched is not None:
        raise StoreUnavailable(f"The index of embedding space {mismatched} does not fit its model's dimension.")
