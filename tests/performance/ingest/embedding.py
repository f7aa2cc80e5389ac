"""How near the batch processor comes to what model servers can do, beside clients that a person would write."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from app.ingestion.embedding.embedder import BatchEmbeddingProcessor
from app.ollama.client import OllamaClient
from app.ollama.scheduling.lanes import Lane
from tests.performance.shared.figures import Figure, in_turns, show
from tests.support.processes.model_server import running_model_server

MODEL = "fake-embedding"
TEXT_MS, REQUEST_MS = 5.0, 3.0
BOUND = 1000 / TEXT_MS
TEXTS, CHARACTERS = 1_000, 800
# One by one takes so long that a part of the texts must do.
ONE_BY_ONE = 200
_WORDS = "harbour granite tide anchor beacon lantern mooring vessel quay storm pilot "


def texts(number: int = TEXTS) -> list[str]:
    return [f"{index} {_WORDS * (CHARACTERS // len(_WORDS) + 1)}"[:CHARACTERS] for index in range(number)]


def fake_server(stack: ExitStack, log: Path, *, slots: int = 1, text_ms: float = TEXT_MS) -> str:
    """The address of a model server that takes a known time for each text."""
    options = (
        *("--fake-text-ms", str(text_ms)),
        *("--fake-request-ms", str(REQUEST_MS)),
        *("--fake-slots", str(slots)),
    )
    return stack.enter_context(running_model_server(log, *options)).url


async def one_by_one(url: str, model: str, some: Sequence[str]) -> float:
    """Texts a second of a client that waits for each answer."""
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as http:
        began = time.perf_counter()
        for text in some:
            answer = await http.post("/api/embed", json={"model": model, "input": text})
            assert len(answer.json()["embeddings"]) == 1
        return len(some) / (time.perf_counter() - began)


async def bare(url: str, model: str, some: Sequence[str], *, batch: int = 64, at_once: int = 8) -> float:
    """Texts a second of httpx under a semaphore, with nothing checked, retried or reported."""
    limit = asyncio.Semaphore(at_once)

    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as http:

        async def post(part: Sequence[str]) -> list[Any]:
            async with limit:
                answer = await http.post("/api/embed", json={"model": model, "input": part})
                return list(answer.json()["embeddings"])

        began = time.perf_counter()
        parts = await asyncio.gather(*(post(some[at : at + batch]) for at in range(0, len(some), batch)))
        assert sum(map(len, parts)) == len(some)
        return len(some) / (time.perf_counter() - began)


async def processor(
    urls: Sequence[str], model: str, some: Sequence[str], *, batch: int = 64, at_once: int = 8
) -> float:
    """Texts a second of ours."""
    client = OllamaClient(urls, max_concurrency=at_once)
    try:
        embed = partial(client.embed, model=model, lane=Lane.BULK)
        await embed(some[:1])  # the model is loaded, a connection open
        processing = BatchEmbeddingProcessor(embed, batch_size=batch, max_chars=64_000, max_workers=at_once)
        began = time.perf_counter()
        vectors = await processing.process(some)
        assert all(vector is not None for vector in vectors)
        return len(some) / (time.perf_counter() - began)
    finally:
        await client.aclose()


async def bench_clients(folder: Path, turns: int, number: int) -> list[Figure]:
    found: list[Figure] = []
    some = texts(number)
    for slots, aim in ((1, 0.98), (8, 0.95)):
        with ExitStack() as stack:
            url = fake_server(stack, folder / f"slots-{slots}.log", slots=slots)
            rates = await in_turns(
                {
                    "one by one": partial(one_by_one, url, MODEL, some[:ONE_BY_ONE]),
                    "bare httpx, 8 x 64": partial(bare, url, MODEL, some),
                    "processor, 8 x 32": partial(processor, [url], MODEL, some, batch=32),
                    "processor, 8 x 64": partial(processor, [url], MODEL, some),
                },
                turns,
            )
        table = f"clients, {slots} slot{'s' * (slots > 1)}"
        bound = slots * BOUND
        figures = [
            Figure(table, name, rate, "texts/s", rate / bound, "the bound", aim if "processor" in name else None)
            for name, rate in rates.items()
        ]
        gain = rates["processor, 8 x 64"] / rates["one by one"]
        figures.append(
            Figure(table, "processor, 8 x 64", gain, "times", gain, "one by one", 8.0 if slots > 1 else None)
        )
        show(
            f"{number} texts of {CHARACTERS} characters; {TEXT_MS:g} ms a text, {REQUEST_MS:g} a request, "
            f"{slots} at once",
            figures,
        )
        found += figures
    return found


async def bench_endpoints(folder: Path, turns: int, number: int) -> list[Figure]:
    some = texts(number)
    with ExitStack() as stack:
        urls = [fake_server(stack, folder / f"endpoint-{index}.log") for index in range(4)]
        contenders: dict[str, Callable[[], Awaitable[float]]] = {
            f"{size} endpoint{'s' * (size > 1)}": partial(processor, urls[:size], MODEL, some) for size in (1, 2, 4)
        }
        rates = await in_turns(contenders, turns)
    single, *_ = rates.values()
    aims = (None, 1.9, 3.7)
    figures = [
        Figure("endpoints", name, rate, "texts/s", rate / single, "one endpoint", aim)
        for (name, rate), aim in zip(rates.items(), aims, strict=True)
    ]
    show(f"{number} texts over endpoints of one slot, {TEXT_MS:g} ms a text", figures)
    return figures
