"""Everything that ingestion needs, as processes that a test may stop, freeze and kill."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import asyncpg

from app.db.database import Database
from app.db.migrate import migrate
from app.domain.documents import Upload
from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.supervisor.process import ChildProcess
from app.ollama.client import OllamaClient
from app.services.documents.collections import CollectionService
from app.services.documents.service import DocumentService
from app.services.search.embedding import EmbeddingService
from app.services.search.embedding_cache import EmbeddingCache
from tests.support.cache.assembly import assemble
from tests.support.processes.model_server import ModelServer
from tests.support.processes.replica import environment, worker
from tests.support.waiting import until

MODEL = "fake-embedding"

# By file name, the rows of its chunks in order.
Stored = dict[str, list[tuple[Any, ...]]]


def model_server(log: Path, *, text_ms: float) -> ModelServer:
    """A model that takes a known time for each text."""
    return ModelServer(log, "--fake-text-ms", str(text_ms), "--fake-dimension", "16")


@dataclass
class Plant:
    """`models` is slow enough to be interrupted."""

    folder: Path
    postgres: EmbeddedPostgres
    models: ModelServer
    workers: list[ChildProcess]

    @classmethod
    @contextmanager
    def running(cls, folder: Path, *, text_ms: float) -> Iterator[Self]:
        plant = cls(
            folder,
            EmbeddedPostgres(folder / "postgres"),
            model_server(folder / "models.log", text_ms=text_ms),
            [],
        )
        try:
            asyncio.run(migrate(plant.postgres.start()))
            plant.models.start()
            yield plant
        finally:
            plant.stop_workers()
            plant.models.kill()
            plant.postgres.stop(5)

    def stop_workers(self) -> None:
        for process in self.workers:
            process.stop(0)

    def worker(self, module: Sequence[str] = ("tests.support.processes.hasty_worker",)) -> ChildProcess:
        """Start one more worker, taken for dead after a second unless another `module` is given."""
        env = environment(
            database=self.postgres.url(),
            redis="",
            models=self.models.url,
            folder=self.folder,
            EMBEDDING_MODEL=MODEL,
            BATCH_SIZE="16",
            # Vectors that the cache keeps would hide what ingestion itself does twice.
            L1_CACHE_ENABLED="false",
            L3_CACHE_ENABLED="false",
        )
        process = worker(env, self.folder / f"worker-{len(self.workers)}.log", module=module)
        process.start()
        self.workers.append(process)
        return process

    async def upload(self, tenant: str, files: Sequence[Upload]) -> None:
        async with self._database() as database:
            client = OllamaClient([self.models.url])
            embedding = EmbeddingService(
                client, EmbeddingCache(assemble().chain), batch_size=64, max_chars=64_000, max_workers=1
            )
            collections = CollectionService(database, embedding, default_model=MODEL)
            await DocumentService(database, collections).upload(tenant, files, collection="default", metadata={})
            await client.aclose()

    async def ended(self, tenant: str, within: float) -> None:
        """Wait until every document and every job is done.

        Raises:
            TimeoutError: one is stuck.
        """

        async def done() -> bool:
            return await self._unfinished(tenant) == 0

        await until(done, within)

    async def _unfinished(self, tenant: str) -> int:
        return await self.fetch(
            """SELECT (SELECT count(*) FROM documents WHERE tenant = $1 AND status IN ('queued', 'processing'))
            + (SELECT count(*) FROM pgqueuer)""",
            tenant,
        )

    async def execute(self, statements: str) -> None:
        async with self._connection() as connection:
            await connection.execute(statements)

    async def fetch(self, query: str, *arguments: object) -> int:
        """The number that a query gives."""
        async with self._connection() as connection:
            number: int = await connection.fetchval(query, *arguments)
        return number

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[asyncpg.Connection]:
        connection = await asyncpg.connect(self.postgres.url(), timeout=5)
        try:
            yield connection
        finally:
            await connection.close()

    async def statuses(self, tenant: str) -> set[str]:
        async with self._database() as database, database.connection() as connection:
            rows = await connection.fetch("SELECT DISTINCT status FROM documents WHERE tenant = $1", tenant)
            return {row["status"] for row in rows}

    async def stored(self, tenant: str) -> Stored:
        """What the database holds of the visible versions: every chunk, each with its vector."""
        async with self._database() as database, database.connection() as connection:
            space = await connection.fetchval("SELECT space_id FROM collections WHERE tenant = $1", tenant)
            rows = await connection.fetch(
                f"""SELECT d.filename, c.ordinal, c.text, c.page, c.section, c.token_count, c.content_hash,
                    c.active, v.active AS vector_active, v.embedding::text AS embedding,
                    d.chunk_count, d.embedded_count, d.failed_count
                FROM documents d JOIN chunks c ON c.document_id = d.id AND c.version = d.active_version
                LEFT JOIN vectors_{space} v ON v.chunk_id = c.id
                WHERE d.tenant = $1 ORDER BY d.filename, c.ordinal""",
                tenant,
            )
            stray = await connection.fetchval(
                f"SELECT count(*) FROM vectors_{space} v "
                "WHERE NOT EXISTS (SELECT FROM chunks c WHERE c.id = v.chunk_id)"
            )
        assert stray == 0
        found: Stored = {}
        for row in rows:
            name, *rest = row.values()
            found.setdefault(name, []).append(tuple(rest))
        return found

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[Database]:
        database = await Database.connect(self.postgres.url(), min_size=0, max_size=2)
        try:
            yield database
        finally:
            await database.close()
