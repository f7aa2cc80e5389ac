"""Answers a second to several callers at once: the service's, the bare database's and other stores', in turns."""

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import numpy as np

from app.db.database import SEARCH_SETTINGS
from app.db.search.spaces import vectors_table
from app.domain.retrieval import SearchMode
from tests.performance.retrieval.calls import TOP_K, Bench, raw_client
from tests.performance.retrieval.report import Rate
from tests.performance.shared import peers

CALLERS = 8
TURNS = 3
SECONDS = 2.0

Asked = Callable[[int, int], Awaitable[object]]


async def rates(bench: Bench, url: str, stores: Sequence[str], folder: Path) -> list[Rate]:
    """The median of each contender's turns. `folder` keeps what the stores make of the vectors."""
    async with AsyncExitStack() as stack:
        contenders: dict[str, Callable[[], Awaitable[float]]] = {
            name: partial(_per_second, call, len(bench.data.questions))
            for name, call in (await _calls(bench, url, stack)).items()
        }
        achieved: dict[str, dict[str, float]] = {}
        for store in stores:
            print(f"  {store}", flush=True)
            peer = await stack.enter_async_context(peers.started("vectors"))
            task = {"folder": str(_shared(bench, folder)), "store": store, "top_k": TOP_K, "callers": CALLERS}
            achieved[store] = await peer.ask(task)
            contenders[store] = partial(peer.ask, SECONDS)
        found: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(TURNS):
            for name, contender in contenders.items():
                found[name].append(await contender())
    return [
        Rate(name, statistics.median(turns), one.get("recall"), one.get("p50_ms"))
        for name, turns in found.items()
        for one in (achieved.get(name, {}),)
    ]


async def _calls(bench: Bench, url: str, stack: AsyncExitStack) -> dict[str, Asked]:
    clients = []
    for _ in range(CALLERS):
        table = vectors_table(bench.stored.collection.space.id)
        connection, ask = await raw_client(url, table, SEARCH_SETTINGS["hnsw.ef_search"])
        stack.push_async_callback(connection.close)
        clients.append(ask)
    return {
        "raw": lambda caller, question: clients[caller](bench.vector(question)),
        "vector arm": lambda _, question: bench.arm(question),
        "vector search": lambda _, question: bench.search(question, SearchMode.VECTOR),
        "hybrid search": lambda _, question: bench.search(question, SearchMode.HYBRID),
    }


async def _per_second(call: Asked, questions: int) -> float:
    numbers = itertools.count()
    done = 0
    began = time.perf_counter()

    async def ask(caller: int) -> None:
        nonlocal done
        while time.perf_counter() - began < SECONDS:
            await call(caller, next(numbers) % questions)
            done += 1

    await asyncio.gather(*(ask(caller) for caller in range(CALLERS)))
    return done / (time.perf_counter() - began)


def _shared(bench: Bench, folder: Path) -> Path:
    """The folder in which the stores find the vectors and the questions."""
    folder.mkdir(exist_ok=True)
    for name, array in (("vectors", bench.stored.vectors), ("queries", bench.data.question_vectors)):
        if not (folder / f"{name}.npy").exists():
            np.save(folder / f"{name}.npy", array)
    return folder
