"""What a lookup costs beside one raw pgvector top 3 on the same rows."""

import numpy as np
from numpy.typing import NDArray

from app.cache.postgres.connections import HeldConnections
from app.cache.semantic.matching import CANDIDATES, FLOOR, allowed
from app.cache.semantic.postgres_index import LARGE, SESSION, PostgresQuestionIndex
from app.cache.semantic.postgres_observations import PostgresObservations
from app.db.database import Database
from app.db.outages import translated
from tests.performance.semantic.data import Stream
from tests.performance.shared.database import private_database
from tests.performance.shared.evaluation import DIMENSION, Embeddings
from tests.performance.shared.report import Report
from tests.performance.shared.timing import compare

ROWS = (500, LARGE, 4 * LARGE)
READS = 300
_RAW = """
SELECT cache_key FROM query_cache_vectors WHERE partition = $1 ORDER BY vector <=> $2::halfvec LIMIT 3
"""
_RAW_GRAPH = f"""
SELECT cache_key FROM query_cache_vectors
WHERE partition = $1 AND NOT quarantined AND vector_dims(vector) = {DIMENSION}
ORDER BY (vector::halfvec({DIMENSION})) <=> $2::halfvec({DIMENSION}) LIMIT 3
"""


async def bench_lookup(report: Report, embeddings: Embeddings) -> None:
    stream = Stream(max(ROWS) // 2)
    texts = list(dict.fromkeys([*stream.cached, *stream.asked]))[: max(ROWS)]
    vectors = np.stack(await embeddings.embed(texts))
    async with private_database() as (database, _):
        for rows in ROWS:
            await _fill(database, f"{rows} rows", texts[:rows], vectors[:rows])
            await _bench(report, database, f"{rows} rows", stream.asked, embeddings, graph=rows > LARGE)


async def _bench(
    report: Report, database: Database, partition: str, asked: list[str], embeddings: Embeddings, *, graph: bool
) -> None:
    questions = asked[:READS]
    vectors = [vector.astype("<f4") for vector in await embeddings.embed(questions)]
    held = HeldConnections(database.pool, translated=translated, size=2, acquire_timeout=5, session=SESSION)
    index, semantics = PostgresQuestionIndex(held, timeout=10), PostgresObservations(held)
    await index.build_graphs()
    raw = _RAW_GRAPH if graph else _RAW

    async def floor(number: int) -> None:
        await held.fetch(raw, partition, vectors[number % READS])

    async def nearest(number: int) -> None:
        await index.nearest(partition, vectors[number % READS].tobytes(), least=FLOOR)

    async def lookup(number: int) -> None:
        """With guards, and the question whether the pair is known to be false."""
        question = questions[number % READS]
        near = await index.nearest(partition, vectors[number % READS].tobytes(), limit=CANDIDATES, least=FLOOR)
        for match in allowed(question, near):
            if not await semantics.are_apart("default", question, match.question):
                break

    contenders = {"raw pgvector top 3": floor, "nearest": nearest, "nearest, guards and known pairs": lookup}
    report.compared("lookup", partition, await compare(contenders, readers=1, count=READS))
    await held.close()


async def _fill(database: Database, partition: str, texts: list[str], vectors: NDArray[np.float32]) -> None:
    rows = [(f"{partition} {number}", text, b"result", "answer", partition) for number, text in enumerate(texts)]
    await database.pool.executemany(
        """INSERT INTO query_cache (cache_key, query_text, result_data, expires_at, namespace, partition)
        VALUES ($1, $2, $3, now() + interval '1 day', $4, $5)""",
        rows,
    )
    await database.pool.executemany(
        "INSERT INTO query_cache_vectors (cache_key, partition, vector) VALUES ($1, $2, $3)",
        [(row[0], partition, vector) for row, vector in zip(rows, vectors, strict=True)],
    )
    await database.pool.execute("VACUUM ANALYZE query_cache, query_cache_vectors")
