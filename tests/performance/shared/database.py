"""A PostgreSQL of the benchmark's own, and empty collections in it with vectors of MiniLM's dimension."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from app.db.database import Database
from app.db.migrate import migrate
from app.db.search import spaces
from app.db.tables import collections
from app.embedded.services.postgres import EmbeddedPostgres
from tests.performance.shared.evaluation import DIMENSION
from tests.support.corpus import TENANT

# Seconds; what was loaded without flushing is written when the server stops.
STOP_TIMEOUT = 300.0

# What was loaded is written when the server stops.
STOP_SECONDS = 300


@asynccontextmanager
async def private_database() -> AsyncIterator[tuple[Database, str]]:
    """The database and its URL, gone at the end."""
    with tempfile.TemporaryDirectory(prefix="localchat-bench-") as folder:
        async with kept_database(Path(folder)) as opened:
            yield opened


@asynccontextmanager
async def kept_database(folder: Path) -> AsyncIterator[tuple[Database, str]]:
    """The database in a folder and its URL; made if it is not there, and left for the next time."""
    server = EmbeddedPostgres(folder / "postgres", durable=False)
    try:
        url = server.start()
        await migrate(url)
        database = await Database.connect(url)
        yield database, url
        await database.close()
    finally:
        server.stop(STOP_SECONDS)


async def empty_collection(database: Database, name: str, language: str = "english") -> tuple[int, int]:
    """The ids of a new collection and of its space."""
    async with database.transaction() as connection:
        collection_id = await collections.insert(connection, TENANT, name, description="", language=language)
        assert collection_id is not None
        space = await spaces.create(
            connection,
            collection_id,
            model="all-minilm",
            digest="",
            dimension=DIMENSION,
            query_prefix="",
            document_prefix="",
        )
        await collections.use_space(connection, collection_id, space.id)
    return collection_id, space.id
