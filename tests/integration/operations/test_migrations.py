"""`localchat migrate` against databases that do not suit it: one line that says what to do, and exit code 2."""

import asyncpg
import pytest

from app.cli.database.migrate import run_migration
from app.cli.shared import CommandFailed


async def test_the_schema_of_another_release_is_refused_and_left_alone(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = '0019'")
    with pytest.raises(CommandFailed, match=r"at revision 0019, .*run the release that made it.*ingest again"):
        await run_migration(database_url, 0, cache_table="other_cache")
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == "0019"
    assert await connection.fetchval("SELECT to_regclass('other_cache')") is None
    await connection.close()
