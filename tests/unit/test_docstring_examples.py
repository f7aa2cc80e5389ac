"""The usage examples in the docstrings of the main classes run, and print what they say."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from doctest import DocTestFinder, DocTestRunner
from typing import Any

import httpx
import numpy as np
import pytest

from app.cache.chain import CacheChain
from app.db.database import Database
from app.domain.retrieval import Vector
from app.embedded.services.postgres import EmbeddedPostgres
from app.ingestion.embedding.embedder import BatchEmbeddingProcessor
from app.ollama.client import OllamaClient
from app.services.answering.service import AnswerService
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.service import SearchService
from tests.support.answering import (
    PARIS,
    ROME,
    FakeConversations,
    FakeModels,
    FakeSearch,
    answer_pipeline,
    generated_by,
    retrieval,
)
from tests.support.cache.assembly import assemble
from tests.support.corpus import Page, StoredCollections, embed_query, make_collection
from tests.support.databases import fresh_database
from tests.support.fake_ollama import unit_vector

ANIMALS = [
    Page("cats.md", ["The cat sleeps on the mat.", "Cats purr when cats are content."]),
    Page("dogs.md", ["A dog barks at the postman."]),
    Page("lions.md", ["Lions live in prides."]),
]


@asynccontextmanager
async def chain(_: EmbeddedPostgres) -> AsyncIterator[CacheChain]:
    chain = assemble().chain
    yield chain
    await chain.close()


@asynccontextmanager
async def answers(_: EmbeddedPostgres) -> AsyncIterator[AnswerService]:
    pipeline = answer_pipeline(FakeSearch(retrieval(PARIS, ROME)), FakeModels())
    yield AnswerService(pipeline, FakeConversations(), complete=generated_by("smollm2:135m"))


@asynccontextmanager
async def models(_: EmbeddedPostgres) -> AsyncIterator[OllamaClient]:
    def answer(request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/api/tags":
                return httpx.Response(200, json={"models": [{"name": "chat:latest", "digest": "d"}]})
            case "/api/show":
                return httpx.Response(200, json={"capabilities": ["completion"]})
            case "/api/embed":
                texts = json.loads(request.content)["input"]
                return httpx.Response(200, json={"embeddings": [unit_vector(text) for text in texts]})
        said = [{"message": {"content": text}} for text in ("Hello", " there.\n")]
        lines = [*said, {"message": {"content": ""}, "done": True}]
        return httpx.Response(200, content=b"\n".join(json.dumps(line).encode() for line in lines))

    async with aclosing(OllamaClient(["http://models"], transport=httpx.MockTransport(answer))) as client:
        yield client


@asynccontextmanager
async def search(postgres: EmbeddedPostgres) -> AsyncIterator[SearchService]:
    async with fresh_database(postgres) as url:
        database = await Database.connect(url, min_size=1, max_size=4)
        await make_collection(database, "animals", ANIMALS)
        statistics = LexemeStatistics(database)
        yield SearchService(database, StoredCollections(database), embed_query, statistics)
        await statistics.close()
        await database.close()


@asynccontextmanager
async def processor(_: EmbeddedPostgres) -> AsyncIterator[BatchEmbeddingProcessor]:
    async def embed(texts: Sequence[str]) -> Sequence[Vector]:
        return [np.asarray(unit_vector(text), dtype=np.float32) for text in texts]

    yield BatchEmbeddingProcessor(embed, max_chars=1000)


# Each class whose docstring has an example, and how to open the object that `run` calls the example with.
EXAMPLES: Mapping[type, Callable[[EmbeddedPostgres], AbstractAsyncContextManager[Any]]] = {
    AnswerService: answers,
    BatchEmbeddingProcessor: processor,
    CacheChain: chain,
    OllamaClient: models,
    SearchService: search,
}


@pytest.mark.parametrize("described", EXAMPLES, ids=lambda described: described.__name__)
def test_the_example_of_a_class_runs(described: type, postgres_server: EmbeddedPostgres) -> None:
    def run(example: Callable[[Any], Awaitable[None]]) -> None:
        async def within() -> None:
            async with EXAMPLES[described](postgres_server) as subject:
                await example(subject)

        asyncio.run(within())

    known = {"run": run, described.__name__: described}
    [found] = DocTestFinder(recurse=False).find(described, globs=known)
    printed: list[str] = []
    done = DocTestRunner().run(found, out=printed.append)
    assert done.attempted > 0
    assert done.failed == 0, "".join(printed)
