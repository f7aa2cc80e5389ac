"""What a query waits, and what ingestion loses to queries, on a server that embeds one text at a time.

    python -m tests.performance.priority     (or: make bench-priority)

Prints the table of docs/decisions/0003-priority-lanes.md. Time is simulated: the client's own code runs, on an
event loop whose clock jumps to the next timer, against a server that takes 10 ms for each text. So the figures
are those of the scheduling, exact and equal on every machine; the costs of HTTP are not among them.
"""

import asyncio
import json
import sys
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from unittest.mock import patch

import httpx
import numpy as np

from app.ingestion.embedding.embedder import BatchEmbeddingProcessor
from app.ollama.client import OllamaClient
from app.ollama.endpoint import Endpoint
from app.ollama.scheduling.lanes import Lane
from tests.support.fake_ollama import FakeOllama
from tests.support.simulated_time import SimulatedTime

SECONDS_PER_TEXT = 0.01
TEXTS = 2000
INTERVALS = {"none": None, "every 10 s": 10.0, "every 2 s": 2.0, "every 0.5 s": 0.5, "every 0.1 s": 0.1}


@dataclass(frozen=True)
class Measured:
    """`throughput` is of what the server could embed in the time; `vain` texts were embedded again, of all."""

    waits: list[float]
    throughput: float
    vain: float

    def row(self, policy: str, queries: str) -> str:
        waits = [f"{np.median(self.waits):.3f}", f"{max(self.waits):.3f}"] if self.waits else ["", ""]
        return f"| {policy} | {queries} | {' | '.join(waits)} | {self.throughput:.3f} | {self.vain:.3f} |"


async def ingest_and_ask(every: float | None, lane: Lane) -> Measured:
    server = FakeOllama(slots=1, seconds=SECONDS_PER_TEXT)
    clock = asyncio.get_running_loop().time

    async def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=await server.embed(json.loads(request.content)["input"]))

    client = OllamaClient(["http://model"], transport=httpx.MockTransport(answer), clock=clock)
    async with aclosing(client):
        embed = partial(client.embed, model="m")
        processor = BatchEmbeddingProcessor(partial(embed, lane=Lane.BULK), max_chars=64_000)
        ingestion = asyncio.create_task(processor.process([f"text {number}" for number in range(TEXTS)]))
        finished: list[float] = []
        ingestion.add_done_callback(lambda _: finished.append(clock()))
        waits: list[float] = []
        # A person's questions keep no time with the server, so intervals vary by half.
        chance = np.random.default_rng(1)
        while every:
            await asyncio.sleep(every * chance.uniform(0.5, 1.5))
            if ingestion.done():
                break
            asked = clock()
            await embed([f"query {len(waits)}"], lane=lane)
            waits.append(clock() - asked)
        await ingestion
    needed = TEXTS + len(waits)
    done = len(server.embedded)
    return Measured(waits, needed * SECONDS_PER_TEXT / finished[0], (done - needed) / done)


def simulate(every: float | None, lane: Lane = Lane.INTERACTIVE) -> Measured:
    with asyncio.Runner(loop_factory=SimulatedTime) as runner:
        return runner.run(ingest_and_ask(every, lane))


def main() -> int:
    lanes = {name: simulate(every) for name, every in INTERVALS.items()}
    with patch.object(Endpoint, "preempt", lambda *_: None):
        never_cancelled = simulate(0.5)
    print(
        "| policy | queries | wait p50 s | wait max s | throughput of the bound | embedded in vain |",
        "|---|---|---|---|---|---|",
        simulate(0.5, Lane.BULK).row("first come, first served", "every 0.5 s"),
        never_cancelled.row("lanes, no cancelling", "every 0.5 s"),
        *(measured.row("lanes and cancelling", name) for name, measured in lanes.items()),
        sep="\n",
    )
    reached = all(
        max(measured.waits, default=0) <= 2.01 * SECONDS_PER_TEXT and measured.throughput >= 0.85
        for measured in lanes.values()
    )
    print(f"a query waits for one text at most, ingestion keeps 85 % of the server: {'yes' if reached else 'NO'}")
    return 0 if reached and lanes["none"].throughput >= 0.99 else 1


if __name__ == "__main__":
    sys.exit(main())
