"""The Ollama client and the batch processor against the embedded model server and its real models."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest

from app.errors import (
    InputTooLong,
    ModelError,
    ModelNotFound,
    ModelProtocolError,
    ModelUnavailable,
    ModelUnsuitable,
)
from app.ingestion.embedding.embedder import BatchEmbeddingProcessor
from app.ollama.client import OllamaClient
from app.ollama.scheduling.dispatch import RetryPolicy
from app.ollama.scheduling.lanes import Lane
from tests.support.processes.model_server import TOKEN, ModelServer, running_model_server

EMBEDDING = "all-minilm"
CHAT = "smollm2:135m"
SOON = RetryPolicy(attempts=3, wait_initial=0.01, wait_max=0.05, jitter=0.01)
FAULTY_TEXT = "the text that makes trouble"


@pytest.fixture(scope="module")
def server(server_folder: Path) -> Iterator[ModelServer]:
    options = ("--slots", "single", "--fake-text-ms", "10")
    with running_model_server(server_folder / "client.log", *options, token=TOKEN) as running:
        yield running


@pytest.fixture
async def client(server: ModelServer) -> AsyncIterator[OllamaClient]:
    url = server.url.replace("://", f"://localchat:{quote(TOKEN)}@")
    retries = {Lane.INTERACTIVE: SOON, Lane.BULK: SOON}
    async with aclosing(OllamaClient([url], retries=retries, cooldown=0.01)) as connected:
        yield connected


@pytest.fixture
async def faults(server: ModelServer) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, trust_env=False) as api:
        yield api
        await api.delete("/faults")


async def inject(api: httpx.AsyncClient, kind: str, **fields: Any) -> None:
    (await api.post("/faults", json={"kind": kind, **fields})).raise_for_status()


async def embed(client: OllamaClient, *texts: str) -> list[Any]:
    return await client.embed(texts, model=EMBEDDING, lane=Lane.INTERACTIVE, dimension=384)


async def test_a_text_has_the_same_vector_alone_and_in_a_batch(client: OllamaClient) -> None:
    texts = ("a cat", "a kitten", "a ledger of debts")
    cat, kitten, ledger = together = await embed(client, *texts)
    alone = [(await embed(client, text))[0] for text in texts]
    assert np.allclose(together, alone, atol=1e-5)
    assert np.dot(cat, kitten) > np.dot(cat, ledger)


async def test_the_models_are_described(client: OllamaClient) -> None:
    shown = await client.show(EMBEDDING)
    assert shown.dimension == 384
    assert "embedding" in shown.capabilities
    assert shown.digest
    assert {shown.name, CHAT} <= {model.name for model in await client.models()}
    with pytest.raises(ModelNotFound):
        await client.show("absent")
    (status,) = await client.ping()
    assert status.error is None


async def test_a_chat_streams_and_stops_when_left(client: OllamaClient) -> None:
    ask = partial(client.chat, [{"role": "user", "content": "Count to one hundred."}], model=CHAT, temperature=0)
    chunks = [chunk async for chunk in ask(max_tokens=5)]
    assert chunks[-1].done_reason == "length"
    assert chunks[-1].eval_count == 5
    async with aclosing(ask(max_tokens=200)) as left:
        assert not (await anext(left)).done
    # The one slot is free again long before 200 tokens were made.
    assert [chunk.done async for chunk in ask(max_tokens=1)][-1]


async def test_what_a_model_cannot_do_is_refused(client: OllamaClient) -> None:
    with pytest.raises(ModelUnsuitable):
        _ = [chunk async for chunk in client.chat([{"role": "user", "content": "Hello"}], model=EMBEDDING)]
    with pytest.raises(InputTooLong):
        await embed(client, "many words " * 3000)


@pytest.mark.parametrize("kind", ["nan-400", "nan-500", "zero-vectors", "eof-400", "short-count"])
async def test_a_text_that_always_fails_costs_itself_alone(
    client: OllamaClient, faults: httpx.AsyncClient, kind: str
) -> None:
    await inject(faults, kind, match=FAULTY_TEXT)
    texts = [f"sentence {number}" for number in range(8)]
    texts[5] = FAULTY_TEXT
    processor = BatchEmbeddingProcessor(
        partial(client.embed, model="fake-embedding", lane=Lane.BULK), max_chars=10_000
    )
    vectors = await processor.process(texts)
    assert [index for index, vector in enumerate(vectors) if vector is None] == [5]


@pytest.mark.parametrize("kind", ["eof-400", "busy-503", "reset", "short-count"])
async def test_a_passing_fault_is_survived(client: OllamaClient, faults: httpx.AsyncClient, kind: str) -> None:
    await inject(faults, kind, times=2)
    assert len(await embed(client, "one", "two")) == 2


@pytest.mark.parametrize(
    ("kind", "error"),
    [("silent-end", ModelProtocolError), ("stream-error", ModelError), ("stream-reset", ModelUnavailable)],
)
async def test_a_chat_that_breaks_off_is_a_failure(
    client: OllamaClient, faults: httpx.AsyncClient, kind: str, error: type[ModelError]
) -> None:
    await inject(faults, kind)
    with pytest.raises(error):
        _ = [c async for c in client.chat([{"role": "user", "content": "Hello"}], model=CHAT, max_tokens=8)]


async def test_a_wrong_dimension_is_never_taken_for_a_bad_text(
    client: OllamaClient, faults: httpx.AsyncClient
) -> None:
    await inject(faults, "wrong-dimension")
    embedder = partial(client.embed, model=EMBEDDING, lane=Lane.BULK, dimension=384)
    with pytest.raises(ModelUnsuitable):
        await BatchEmbeddingProcessor(embedder, max_chars=10_000).process(["one", "two"])


async def test_a_query_overtakes_the_bulk_work_of_a_single_slot(client: OllamaClient) -> None:
    embedder = partial(client.embed, model="fake-embedding", lane=Lane.BULK)
    processor = BatchEmbeddingProcessor(embedder, max_chars=64_000)
    finished: list[int] = []

    async def note(result: Any) -> None:
        finished.extend(result.indexes)

    bulk = asyncio.create_task(processor.process([f"text {number}" for number in range(256)], on_batch=note))
    await asyncio.sleep(0.1)
    await client.embed(["query"], model="fake-embedding", lane=Lane.INTERACTIVE)
    assert len(finished) < 128, "at most the batch that was nearly done"
    assert all(vector is not None for vector in await bulk)
