"""What others feel while a collection of 100,000 chunks is deleted and purged beside them.

    python -m tests.performance.deletion [chunks]

Starts an embedded PostgreSQL of its own. One caller searches another collection over and over, one ingests
documents into it and one lists what there is: first with nothing beside them, then during the deletion and the
purge, then afterwards. Waits for locks are sampled all the while.
"""

import asyncio
import math
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from app.db.database import Database
from app.db.migrate import migrate
from app.db.search import spaces
from app.domain.documents import Collection
from app.domain.retrieval import Query, Vector
from app.embedded.services.postgres import EmbeddedPostgres
from app.ingestion.queue.jobs import IngestJob
from app.services.documents.collections import CollectionService
from app.services.documents.service import DocumentService
from app.services.ingestion.service import IngestService
from app.services.operations.housekeeping import HousekeepingService
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.service import SearchService
from tests.support.ingestion import TENANT, FakeModel, HashEmbedder, LineLoader, file_of, join_section, unit_vector

KEPT_CHUNKS = 20_000
PER_DOCUMENT = 100
DIMENSION = 32
WORDS = 3000
SECONDS_BEFORE, SECONDS_AFTER = 30, 15

FILL = """
INSERT INTO documents (collection_id, filename, media_type, size_bytes, sha256, status, chunk_count, active_version)
SELECT {collection}, n || '.md', 'text/plain', 100000, n::text, 'ready', {per}, 1
FROM generate_series(1, {documents}) n;
INSERT INTO document_versions (document_id, version, filename, media_type, size_bytes, sha256)
SELECT id, 1, filename, media_type, size_bytes, sha256 FROM documents WHERE collection_id = {collection};
INSERT INTO document_parts (document_id, version, part, bytes)
SELECT id, 1, 0, convert_to(repeat(filename, 10000), 'UTF8') FROM documents WHERE collection_id = {collection};
INSERT INTO chunks (collection_id, document_id, version, ordinal, content_hash, text, token_count, language)
SELECT {collection}, d.id, 1, o, sha256(convert_to(d.id || ':' || o, 'UTF8')), d.filename || ' ' || (
    SELECT string_agg('w' || floor(random() * random() * {words})::int, ' ')
    FROM generate_series(1, 60) WHERE o > 0
), 90, 'english' FROM documents d, generate_series(1, {per}) o WHERE d.collection_id = {collection};
INSERT INTO {vectors} (chunk_id, document_id, version, embedding)
SELECT id, document_id, 1, ARRAY(SELECT random() + 0 * id FROM generate_series(1, {dimension}))::vector::halfvec
FROM chunks WHERE collection_id = {collection};
"""


class Models:
    async def describe(self, model: str) -> FakeModel:
        return FakeModel(model, dimension=DIMENSION)


async def embed_query(collection: Collection, text: str) -> Vector:
    return unit_vector(text, collection.space.dimension)


class Service:
    """The use cases that callers have, over one pool."""

    def __init__(self, database: Database) -> None:
        statistics = LexemeStatistics(database)
        self.database = database
        self.collections = CollectionService(database, Models(), default_model="fake")
        self._documents = DocumentService(database, self.collections)
        self._ingestion = IngestService(
            database,
            LineLoader(),
            HashEmbedder(batch=20),
            embedding_text=join_section,
            refresh_statistics=statistics.refresh,
        )
        self._search = SearchService(database, self.collections, embed_query, statistics)

    async def fill(self, name: str, chunks: int) -> None:
        await self.collections.create(TENANT, name)
        made = await self.collections.resolve(TENANT, name)
        table = spaces.vectors_table(made.space.id)
        async with self.database.connection() as connection:
            await connection.execute(f"DROP INDEX {table}_hnsw")
            await connection.execute(
                FILL.format(
                    collection=made.id,
                    documents=chunks // PER_DOCUMENT,
                    per=PER_DOCUMENT,
                    vectors=table,
                    dimension=DIMENSION,
                    words=WORDS,
                ),
                timeout=3600,
            )
            await spaces.build_index(connection, made.space.id)
            await connection.execute(f"VACUUM ANALYZE chunks, documents, {table}", timeout=3600)
            await connection.fetchval("SELECT refresh_lexeme_statistics($1)", made.id, timeout=3600)

    async def search(self, number: int) -> None:
        words = " ".join(f"w{number * step % WORDS}" for step in (7, 31, 101))
        await self._search.search(Query(TENANT, "kept", words))

    async def ingest(self, number: int) -> None:
        text = "\n".join(f"w{number} line {line}" for line in range(20))
        [item] = await self._documents.upload(
            TENANT, [file_of(f"new {number}.txt", text.encode())], collection="kept", metadata={}
        )
        await self._ingestion.ingest(IngestJob(item.document.id, item.document.version))

    async def browse(self, _number: int) -> None:
        await self.collections.list(TENANT)
        await self._documents.list(TENANT, collection="kept")


class Caller:
    """Does one thing over and over until cancelled, resting between; milliseconds of each time."""

    def __init__(self, name: str, act: Callable[[int], Awaitable[None]], *, rest: float) -> None:
        self._name = name
        self._act = act
        self._rest = rest
        self.taken: list[float] = []

    async def run(self) -> None:
        number = 0
        while True:
            number += 1
            began = time.perf_counter()
            await self._act(number)
            self.taken.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(self._rest)

    def report(self, phase: str) -> None:
        taken, self.taken = self.taken, []
        middle, late, longest = np.percentile(taken, (50, 99, 100)) if taken else (math.nan,) * 3
        print(
            f"{phase:<26} {self._name:<7} {len(taken):>5} times   p50 {middle:6.1f} ms   p99 {late:6.1f} ms   "
            f"longest {longest:6.1f} ms",
            flush=True,
        )


class LockWatch:
    """The longest wait for each kind of lock, in milliseconds, seen by asking every 5 ms."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.longest: dict[str, float] = {}

    async def run(self) -> None:
        async with self._database.connection() as connection:
            while True:
                for row in await connection.fetch(
                    """SELECT concat_ws(' ', locktype, mode, relation::regclass) AS lock,
                        1000 * extract(epoch FROM clock_timestamp() - waitstart)::float8 AS waited
                    FROM pg_locks WHERE NOT granted AND waitstart IS NOT NULL"""
                ):
                    self.longest[row["lock"]] = max(self.longest.get(row["lock"], 0.0), row["waited"])
                await asyncio.sleep(0.005)

    def report(self) -> None:
        waits = ", ".join(f"{lock} {waited:.0f} ms" for lock, waited in self.longest.items())
        print(f"{'':<26} longest waits for locks: {waits or 'none seen'}", flush=True)
        self.longest.clear()


async def bench(url: str, chunks: int) -> None:
    await migrate(url)
    database = await Database.connect(url, min_size=4, max_size=14)
    service = Service(database)
    began = time.perf_counter()
    await service.fill("kept", KEPT_CHUNKS)
    await service.fill("doomed", chunks)
    print(f"{KEPT_CHUNKS} and {chunks} chunks filled in {time.perf_counter() - began:.0f} s", flush=True)
    callers = [
        Caller("search", service.search, rest=0),
        Caller("ingest", service.ingest, rest=0.1),
        Caller("browse", service.browse, rest=0.05),
    ]
    locks = LockWatch(database)
    tasks = [asyncio.create_task(run) for run in (locks.run(), *(caller.run() for caller in callers))]

    def report(phase: str) -> None:
        for caller in callers:
            caller.report(phase)
        locks.report()

    await asyncio.sleep(5)
    for caller in callers:
        caller.taken.clear()
    locks.longest.clear()
    await asyncio.sleep(SECONDS_BEFORE)
    report("nothing beside")
    began = time.perf_counter()
    await service.collections.delete(TENANT, "doomed")
    deleted = (time.perf_counter() - began) * 1000
    began = time.perf_counter()
    done = await HousekeepingService(database, spaces_stay=0).once()
    seconds = time.perf_counter() - began
    report("during deletion and purge")
    await asyncio.sleep(SECONDS_AFTER)
    report("afterwards")
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    gone = ", ".join(f"{count} {name}" for name, count in done.items() if count)
    print(f"the deletion returned after {deleted:.1f} ms; the purge took {seconds:.1f} s: {gone}")
    await database.close()


def main() -> None:
    chunks = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with TemporaryDirectory(prefix="localchat-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "postgres")
        try:
            asyncio.run(bench(server.start(), chunks))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
