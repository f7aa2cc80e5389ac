"""How much later the first word of an answer comes while ingestion saturates the real models of this machine."""

import asyncio
import itertools
import json
import random
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from app.db.migrate import migrate
from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey
from tests.performance.shared.figures import Figure, show
from tests.support.processes.model_server import running_model_server
from tests.support.processes.replica import api_and_worker, environment, ingested

# Of the time without ingestion; 1.5 times as long is the aim.
AIM = 1 / 1.5
_IN_A_ROW = 3
_PAUSE = 1.0
_WORDS = ("harbour", "granite", "tide", "anchor", "beacon", "lantern", "mooring", "vessel", "quay", "storm")
# Notes of a sentence or two: where the prompt is short, all that goes before it weighs more.
_NOTES = {
    "What colour is the lantern of Skagen?": "The lighthouse of Skagen has a red lantern, lit since 1858.",
    "How deep is the harbour of Amberg?": "The harbour of Amberg is nine metres deep at low tide.",
    "Who paid for the mole of Varde?": "The mole of Varde was paid for by the fishermen's guild.",
    "When does the ferry to Hals leave?": "The ferry to Hals leaves at six in the morning and at noon.",
    "What is the quay of Lerum made of?": "The quay of Lerum is made of granite from the islands.",
    "Why was the buoy of Torsk moved?": "The buoy of Torsk was moved because a wreck drifted below it.",
    "How many pilots serve in Ravnkilde?": "In Ravnkilde eleven pilots serve, two of them at night.",
    "Where do ships wait in a storm?": "In a storm ships wait behind the breakwater of Sund.",
}
_QUESTIONS = tuple(_NOTES)


@asynccontextmanager
async def service(folder: Path, slots: str) -> AsyncIterator[httpx.AsyncClient]:
    """An API and a worker as processes, over servers of their own, with the notes ingested."""
    postgres, valkey = EmbeddedPostgres(folder / "postgres"), EmbeddedValkey(folder / "valkey")
    try:
        database = await asyncio.to_thread(postgres.start)
        await migrate(database)
        await asyncio.to_thread(valkey.start)
        with running_model_server(folder / "models.log", "--slots", slots, "--preload") as models:
            env = environment(database=database, redis=valkey.url, models=models.url, folder=folder)
            async with api_and_worker(env, folder) as http:
                for number, note in enumerate(_NOTES.values()):
                    await ingested(http, f"note-{number}.txt", note.encode())
                yield http
    finally:
        valkey.stop()
        postgres.stop(5)


async def first_word(http: httpx.AsyncClient, question: str) -> float:
    """Milliseconds from asking to the first word."""
    asked = {"question": question, "cache": "bypass", "top_k": 2, "max_tokens": 8}
    began = time.perf_counter()
    async with http.stream("POST", "/api/chat", json=asked, timeout=120) as answer:
        async for line in answer.aiter_lines():
            if line == "event: delta":
                return (time.perf_counter() - began) * 1000
            if line.startswith("data: ") and "problem" in json.loads(line.removeprefix("data: ")):
                raise RuntimeError(line)
    raise RuntimeError(f"no answer to {question!r}")


async def ask(http: httpx.AsyncClient, questions: Iterator[str]) -> list[float]:
    waits = []
    for question in itertools.islice(questions, _IN_A_ROW):
        await asyncio.sleep(_PAUSE)
        waits.append(await first_word(http, question))
    return waits


@asynccontextmanager
async def ingesting(http: httpx.AsyncClient, chance: random.Random) -> AsyncIterator[None]:
    """While a document that takes longer than the block is being embedded, in a collection of its own."""
    text = "\n\n".join(" ".join(chance.choices(_WORDS, k=130)) for _ in range(3000))
    answer = await http.post("/api/documents", files={"files": ("bulk.txt", text)}, data={"collection": "bulk"})
    (item,) = answer.json()["items"]

    async def embedded() -> int:
        document = (await http.get(f"/api/documents/{item['id']}")).json()
        if document["status"] not in {"queued", "processing"}:
            raise RuntimeError(f"the document is {document['status']}, too soon")
        return int(document["embedded_count"])

    while await embedded() == 0:
        await asyncio.sleep(0.2)
    before, began = await embedded(), time.monotonic()
    yield
    rate = (await embedded() - before) / (time.monotonic() - began)
    print(f"    meanwhile {rate:.1f} chunks/s went in", flush=True)
    await http.post(f"/api/documents/{item['id']}/cancel")
    await http.delete(f"/api/documents/{item['id']}")
    await asyncio.sleep(3)


async def bench_questions(folder: Path, turns: int, slots: str) -> list[Figure]:
    """`slots`: how the model server spends the cores, `single` as Ollama does or `parallel`."""
    quiet: list[float] = []
    busy: list[float] = []
    async with service(folder, slots) as http:
        questions = itertools.cycle(_QUESTIONS)
        await ask(http, questions)
        chance = random.Random(4)
        for _ in range(turns):
            quiet += await ask(http, questions)
            async with ingesting(http, chance):
                busy += await ask(http, questions)
            last = [statistics.median(waits[-_IN_A_ROW:]) for waits in (quiet, busy)]
            print("    first words after {:.0f} ms, and {:.0f} ms beside ingestion".format(*last), flush=True)
    alone, beside = statistics.median(quiet), statistics.median(busy)
    table = f"first word of an answer, model server in {slots} mode"
    figures = [
        Figure(table, "nothing beside", alone, "ms"),
        Figure(table, "ingestion saturates the server", beside, "ms", alone / beside, "the time without", AIM),
    ]
    show(table, figures)
    return figures
