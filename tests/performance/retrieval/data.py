"""A large collection of real text and real vectors, and real questions to it.

A chunk is a sentence of a public document, by whose embedding it is found, with those that follow it as its text.
There are some 37,000 of them. A larger collection goes on with chunks made of two sentences that stand near each
other: both texts, and the mean of their vectors by a random weight.
"""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import numpy.typing as npt

from app.db.database import Database, PooledConnection
from app.db.search import lexical_index
from app.db.search.spaces import BUILD_TIMEOUT, vectors_table
from app.domain.documents import Collection
from tests.performance.shared.database import empty_collection
from tests.performance.shared.evaluation import Embeddings, load
from tests.support.corpus import TENANT, StoredCollections

SETS = ("cranfield", "cisi", "cacm", "squad11_dev_a", "nq_open_gold", "adi", "claude_docs")
SHORTEST = 30
CHUNK_CHARS = 700
NEAR = 5
CHUNKS_PER_DOCUMENT = 10
BATCH = 10_000
# What share of the documents a filter {"<name>": true} keeps.
SHARES = {"tenth_percent": 0.001, "one_percent": 0.01, "ten_percent": 0.1, "half": 0.5}
# Of a server that has the memory, for one index at a time; a graph that does not fit is built many times slower.
BUILD_MEMORY = "2GB"

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(])")

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Source:
    """Sentences in the order of their documents, with their vectors, and questions with theirs."""

    sentences: Sequence[str]
    vectors: Matrix
    questions: Sequence[str]
    question_vectors: Matrix


async def source(embeddings: Embeddings, *, questions: int) -> Source:
    """Read everything. The first time, embedding takes ten minutes on two cores."""
    sentences: dict[str, None] = {}
    data = [load(name) for name in SETS]
    for page in (page for one in data for page in one.pages.values()):
        text = re.sub(r"\s+", " ", " ".join(passage.embedded for passage in page))
        sentences |= dict.fromkeys(part for part in _SENTENCE_END.split(text) if len(part) >= SHORTEST)
    asked = [question for one in data for question in one.queries.values() if question.strip()]
    chosen = [asked[place] for place in np.random.default_rng(1).permutation(len(asked))[:questions]]
    return Source(
        list(sentences),
        np.stack(await embeddings.embed(list(sentences))),
        chosen,
        np.stack(await embeddings.embed(chosen)),
    )


def made(source: Source, count: int) -> Iterator[tuple[list[str], Matrix]]:
    """Texts and vectors of `count` chunks, in batches; a larger count begins with the chunks of a smaller one."""
    real = len(source.sentences)
    shuffled = np.random.default_rng(5).permutation(real)
    for batch, start in enumerate(range(0, count, BATCH)):
        places = np.arange(start, min(start + BATCH, count))
        draw = np.random.default_rng([7, batch])
        first = np.where(places < real, shuffled[places % real], draw.integers(0, real - NEAR, len(places)))
        second = np.where(places < real, first, first + draw.integers(1, NEAR + 1, len(places)))
        share = draw.uniform(0.3, 0.7, (len(places), 1)).astype(np.float32)
        vectors = share * source.vectors[first] + (1 - share) * source.vectors[second]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        yield [_text(source.sentences, one, other) for one, other in zip(first, second, strict=True)], vectors


def _text(sentences: Sequence[str], first: int, second: int) -> str:
    """The two sentences, or the one, and what follows until the chunk is full."""
    text = sentences[first] if first == second else f"{sentences[first]} {sentences[second]}"
    for following in sentences[second + 1 : second + 8]:
        if len(text) + len(following) > CHUNK_CHARS:
            break
        text += f" {following}"
    return text[: 2 * CHUNK_CHARS]


@dataclass(frozen=True, slots=True)
class Stored:
    """`ids` and `draws` belong to the rows of `vectors`; a filter of share s keeps those whose draw is below s.

    `seconds` is what each step of the load took.
    """

    collection: Collection
    ids: npt.NDArray[np.int64]
    draws: npt.NDArray[np.float64]
    vectors: Matrix
    seconds: Mapping[str, float]


async def stored(database: Database, source: Source, count: int, folder: Path) -> Stored:
    """The collection of `count` chunks that a database holds, filled the first time; the folder keeps the rest."""
    path = folder / "stored.npz"
    if not path.exists():
        made = await store(database, source, count, "bench")
        with path.with_suffix(".part").open("wb") as file:
            seconds = np.array(list(made.seconds.items()))
            np.savez(file, ids=made.ids, draws=made.draws, vectors=made.vectors, seconds=seconds)
        path.with_suffix(".part").rename(path)
        return made
    with np.load(path) as kept:
        return Stored(
            await StoredCollections(database).resolve(TENANT, "bench"),
            kept["ids"],
            kept["draws"],
            kept["vectors"],
            {step: float(taken) for step, taken in kept["seconds"]},
        )


async def store(database: Database, source: Source, count: int, name: str) -> Stored:
    """Fill a collection of `count` chunks as a bulk load does: rows by COPY, then the indexes."""
    collection_id, space_id = await empty_collection(database, name)
    table = vectors_table(space_id)
    marks = [("", time.perf_counter())]
    vectors: list[Matrix] = []
    draws: list[npt.NDArray[np.float64]] = []
    async with database.connection() as connection:
        graph, words = [
            await connection.fetchval("SELECT indexdef FROM pg_indexes WHERE indexname = $1", index)
            for index in (f"{table}_hnsw", "chunks_tsv")
        ]
        await connection.execute(f"DROP INDEX {table}_hnsw, chunks_tsv", timeout=60)
        language = await connection.fetchval("SELECT 'english'::regconfig::oid")
        for batch, (texts, made_vectors) in enumerate(made(source, count)):
            documents = await _documents(connection, collection_id, batch, len(texts))
            await _chunks(connection, collection_id, table, language, texts, made_vectors, documents)
            vectors.append(made_vectors)
            draws.append(np.repeat([draw for _, draw in documents], CHUNKS_PER_DOCUMENT)[: len(texts)])
        marks.append(("rows", time.perf_counter()))
        await connection.execute(f"SET maintenance_work_mem = '{BUILD_MEMORY}'")
        for step, definition in (("lexical index", words), ("HNSW", graph)):
            await connection.execute(definition, timeout=BUILD_TIMEOUT)
            marks.append((step, time.perf_counter()))
        await connection.execute("RESET maintenance_work_mem")
        await lexical_index.refresh_statistics(connection, collection_id)
        marks.append(("lexeme statistics", time.perf_counter()))
        await connection.execute(
            f"VACUUM ANALYZE documents, chunks, lexeme_statistics, {table}", timeout=BUILD_TIMEOUT
        )
        marks.append(("vacuum", time.perf_counter()))
        rows = await connection.fetch(
            "SELECT c.id FROM chunks c JOIN documents d ON d.id = c.document_id"
            " WHERE c.collection_id = $1 ORDER BY d.filename, c.ordinal",
            collection_id,
            timeout=BUILD_TIMEOUT,
        )
    return Stored(
        await StoredCollections(database).resolve(TENANT, name),
        np.array([row["id"] for row in rows]),
        np.concatenate(draws),
        np.concatenate(vectors),
        {step: at - before for (_, before), (step, at) in pairwise(marks)},
    )


async def _documents(
    connection: PooledConnection, collection_id: int, batch: int, chunks: int
) -> list[tuple[UUID, float]]:
    """Make the documents of so many chunks. Returns their ids with what was drawn for each."""
    counts = [min(CHUNKS_PER_DOCUMENT, chunks - start) for start in range(0, chunks, CHUNKS_PER_DOCUMENT)]
    drawn = [float(draw) for draw in np.random.default_rng([11, batch]).random(len(counts))]
    ids = [uuid4() for _ in counts]
    await connection.execute(
        """INSERT INTO documents (id, collection_id, filename, media_type, size_bytes, sha256, status,
            active_version, chunk_count, metadata)
        SELECT id, $1, filename, 'text/plain', 1, id::text, 'ready', 1, chunk_count, metadata
        FROM unnest($2::uuid[], $3::text[], $4::integer[], $5::jsonb[]) d (id, filename, chunk_count, metadata)""",
        collection_id,
        ids,
        [f"{batch:05}-{place:05}" for place in range(len(counts))],
        counts,
        [{name: draw < share for name, share in SHARES.items()} for draw in drawn],
    )
    await connection.execute(
        """INSERT INTO document_versions (document_id, version, filename, media_type, size_bytes, sha256)
        SELECT id, active_version, filename, media_type, size_bytes, sha256 FROM documents
        WHERE id = ANY($1)""",
        ids,
    )
    return list(zip(ids, drawn, strict=True))


async def _chunks(
    connection: PooledConnection,
    collection_id: int,
    table: str,
    language: int,
    texts: Sequence[str],
    vectors: Matrix,
    documents: Sequence[tuple[UUID, float]],
) -> None:
    owners = [documents[place // CHUNKS_PER_DOCUMENT][0] for place in range(len(texts))]
    await connection.copy_records_to_table(
        "chunks",
        records=[
            (collection_id, owner, 1, place % CHUNKS_PER_DOCUMENT, b"", text, len(text.split()), language)
            for place, (owner, text) in enumerate(zip(owners, texts, strict=True))
        ],
        columns=(
            "collection_id", "document_id", "version", "ordinal", "content_hash", "text", "token_count", "language"
        ),
        timeout=600,
    )  # fmt: skip
    rows = await connection.fetch(
        "SELECT id, document_id, ordinal FROM chunks WHERE document_id = ANY($1)", [id_ for id_, _ in documents]
    )
    ids = {(row["document_id"], row["ordinal"]): row["id"] for row in rows}
    await connection.copy_records_to_table(
        table,
        records=[
            (ids[owner, place % CHUNKS_PER_DOCUMENT], owner, 1, vector)
            for place, (owner, vector) in enumerate(zip(owners, vectors, strict=True))
        ],
        columns=("chunk_id", "document_id", "version", "embedding"),
        timeout=600,
    )
