"""Whole documents from their bytes to their answers: beside the model alone, and beside how one would begin."""

import asyncio
import hashlib
import random
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Self

import httpx
import numpy as np

from app.db.database import Database
from app.domain.documents import ChunkDraft, Upload
from app.embedded.model_server.models.sentence_encoder import minilm
from app.ingestion.loaders.extract import extract
from app.ingestion.loaders.loader import DocumentLoader
from app.ingestion.queue.jobs import IngestJob
from app.ingestion.splitting.splitter import SplitterConfig, embedding_text, splitter_for
from app.ollama.client import OllamaClient
from app.services.documents.collections import CollectionService
from app.services.documents.service import DocumentService
from app.services.ingestion.service import IngestService
from app.services.search.embedding import EmbeddingService
from app.services.search.embedding_cache import EmbeddingCache
from app.services.search.lexeme_statistics import LexemeStatistics
from tests.performance.ingest.embedding import MODEL, fake_server
from tests.performance.ingest.memory import WORDS, pdf
from tests.performance.shared.figures import Contender, Figure, in_turns, show
from tests.support.cache.assembly import assemble
from tests.support.folders import REPO
from tests.support.ingestion import file_of
from tests.support.processes.model_server import running_model_server

REAL_MODEL, CONTEXT = "all-minilm", 256
AIM = 0.9
_DOCS = REPO / "docs"


@dataclass
class Desk:
    """A worker's services in this process. Each document goes to a tenant that has none."""

    database: Database
    documents: DocumentService
    collections: CollectionService
    ingestion: IngestService

    @classmethod
    @asynccontextmanager
    async def open(cls, database_url: str, model_url: str, model: str) -> AsyncIterator[Self]:
        database = await Database.connect(database_url, min_size=2, max_size=10)
        client = OllamaClient([model_url])
        loader = DocumentLoader()
        try:
            embedding = EmbeddingService(
                client, EmbeddingCache(assemble([]).chain), batch_size=64, max_chars=64_000, max_workers=8
            )
            collections = CollectionService(database, embedding, default_model=model)
            ingestion = IngestService(
                database,
                loader,
                embedding,
                embedding_text=embedding_text,
                refresh_statistics=LexemeStatistics(database).refresh,
            )
            desk = cls(database, DocumentService(database, collections), collections, ingestion)
            await desk.ingest(file_of("warm.txt", b"The model is loaded, and a reader is up."))
            yield desk
        finally:
            await loader.close()
            await client.aclose()
            await database.close()

    async def upload(self, file: Upload) -> tuple[str, IngestJob]:
        tenant = f"tenant-{next(_TENANTS)}"
        (made,) = await self.documents.upload(tenant, [file], collection="default", metadata={})
        return tenant, IngestJob(made.document.id, 1)

    async def ingest(self, file: Upload) -> tuple[float, int]:
        """The seconds that ours takes, and how many chunks."""
        tenant, job = await self.upload(file)
        began = time.perf_counter()
        await self.ingestion.ingest(job)
        seconds = time.perf_counter() - began
        done = await self.documents.get(tenant, job.document_id)
        assert (done.status, done.reused_count) == ("ready", 0)
        return seconds, done.chunk_count

    async def step_by_step(self, file: Upload, model_url: str, model: str) -> float:
        """The seconds of one step after the other: read, split, embed one by one, insert row by row."""
        tenant, job = await self.upload(file)
        collection = await self.collections.resolve(tenant, "default")
        began = time.perf_counter()
        drafts = await _split(file)
        async with httpx.AsyncClient(base_url=model_url, timeout=60, trust_env=False) as http:
            vectors = []
            for draft in drafts:
                text = embedding_text(draft.text, draft.section)
                answer = await http.post("/api/embed", json={"model": model, "input": text})
                vectors.append(np.asarray(answer.json()["embeddings"][0], dtype=np.float32))
        async with self.database.connection() as connection:
            await connection.executemany(
                """INSERT INTO chunks (tenant, collection_id, document_id, version, ordinal, content_hash, text,
                token_count, page, section, language) VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $8, $9, 'english')""",
                [
                    (
                        *(tenant, collection.id, job.document_id, draft.ordinal),
                        *(hashlib.sha256(draft.text.encode()).digest(), draft.text, draft.token_count),
                        *(draft.page, draft.section),
                    )
                    for draft in drafts
                ],
            )
            rows = await connection.fetch(
                "SELECT id FROM chunks WHERE document_id = $1 ORDER BY ordinal", job.document_id
            )
            await connection.executemany(
                f"""INSERT INTO vectors_{collection.space.id} (chunk_id, document_id, version, embedding)
                VALUES ($1, $2, 1, $3)""",
                [(row["id"], job.document_id, vector) for row, vector in zip(rows, vectors, strict=True)],
            )
        return time.perf_counter() - began


_TENANTS = count()


async def _split(file: Upload) -> list[ChunkDraft]:
    content = b"".join([piece async for piece in file.pieces()])
    return splitter_for(SplitterConfig()).split(extract(content, file.filename))


def manual(sections: int) -> bytes:
    """A chunk under each heading."""
    rng = random.Random(sections)
    return "\n\n".join(
        f"## Part {number}\n\n{' '.join(rng.choices(WORDS, k=110))}." for number in range(sections)
    ).encode()


async def bench_real(folder: Path, database_url: str, turns: int, chunks: int) -> list[Figure]:
    """With the bundled model on two processors, which the database and the worker share with it."""
    file = file_of("docs.md", b"\n\n".join(path.read_bytes() for path in sorted(_DOCS.glob("*.md"))))
    drafts = (await _split(file))[:chunks]
    file = file_of("docs.md", "\n\n".join(f"## Part {d.ordinal}\n\n{d.text}" for d in drafts).encode())
    texts = [embedding_text(draft.text, draft.section) for draft in await _split(file)]
    model = minilm(2)

    async def alone() -> float:
        began = time.perf_counter()
        await asyncio.gather(*(model.encode(text, limit=CONTEXT, truncate=False) for text in texts))
        return len(texts) / (time.perf_counter() - began)

    with running_model_server(folder / "models.log") as server:
        async with Desk.open(database_url, server.url, REAL_MODEL) as desk:

            async def ours() -> float:
                seconds, number = await desk.ingest(file)
                assert number == len(texts)
                return number / seconds

            rates = await in_turns({"the model alone": alone, "documents to answers": ours}, turns)
    floor = rates["the model alone"]
    figures = [
        Figure("real model", name, rate, "chunks/s", rate / floor, "the model alone", aim)
        for (name, rate), aim in zip(rates.items(), (None, AIM), strict=True)
    ]
    show(f"{len(texts)} chunks of this project's documentation, all-MiniLM-L6-v2", figures)
    return figures


async def bench_documents(folder: Path, database_url: str, *, quick: bool) -> list[Figure]:
    files = {"10 pages": file_of("10.pdf", pdf(10, 40)), "100 pages": file_of("100.pdf", pdf(100, 40))}
    if not quick:
        files["1,000 chunks"] = file_of("manual.md", manual(1_000))
    found: list[Figure] = []
    for slots in (1, 8):
        with ExitStack() as stack:
            url = fake_server(stack, folder / f"slots-{slots}.log", slots=slots)
            async with Desk.open(database_url, url, MODEL) as desk:
                figures: list[Figure] = []
                for name, file in files.items():
                    contenders: dict[str, Contender] = {
                        "before": partial(desk.step_by_step, file, url, MODEL),
                        "after": partial(_seconds, desk, file),
                    }
                    times = await in_turns(contenders, 1)
                    table = f"documents, {slots} slot{'s' * (slots > 1)}"
                    title = f"{name} ({len(await _split(file))} chunks)"
                    figures += [
                        Figure(table, f"{title}, before", times["before"], "s"),
                        Figure(
                            table,
                            f"{title}, after",
                            times["after"],
                            "s",
                            times["before"] / times["after"],
                            "before, as a speed",
                        ),
                    ]
        show(f"Seconds from the job to answers; 5 ms a text, 3 ms a request, {slots} at once", figures)
        found += figures
    return found


async def _seconds(desk: Desk, file: Upload) -> float:
    return (await desk.ingest(file))[0]
