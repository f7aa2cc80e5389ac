"""Two API processes and a worker over one corpus that changes while it is searched."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio

from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey
from tests.support.corpus import embed
from tests.support.databases import fresh_database
from tests.support.fake_ollama import FakeOllama
from tests.support.folders import short_folder
from tests.support.processes.replica import Replica, client, environment, serving, settled, worker
from tests.support.waiting import until

WORDS = ["amber", "basalt", "cedar", "delta", "ember", "fjord", "granite", "harbour", "indigo", "juniper"]
UNRELATED = ["quartz", "zephyr", "yonder", "xylem", "violet", "umber", "tundra", "saffron", "russet", "pumice"]
PAIRS = [f"{first} {second}" for first in WORDS for second in WORDS if first < second]
CHANGES = 24
ASKERS = 4
# Seconds after which a notification that is behind its commit is given up. A wrong result stays wrong for longer:
# the next change is made only when every asker has looked.
GIVE_UP = 10.0
KEPT = 0.95

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Fleet:
    """`one` and `other` are clients of two processes over the same servers."""

    one: httpx.AsyncClient
    other: httpx.AsyncClient
    statuses: Counter[str] = field(default_factory=Counter)

    async def search(self, http: httpx.AsyncClient, body: dict[str, Any], cache: str = "use") -> dict[str, Any]:
        response = await http.post("/api/search", json={**body, "cache": cache})
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    async def compare(self, http: httpx.AsyncClient, body: dict[str, Any]) -> None:
        """Hold a cached result against fresh ones from before and after it, once nothing has changed in between."""
        before = await self.search(http, body, "bypass")

        async def equal() -> bool:
            nonlocal before
            cached = await self.search(http, body)
            after = await self.search(http, body, "bypass")
            unchanged = (before["corpus_version"], before["results"]) == (after["corpus_version"], after["results"])
            before = after
            if unchanged and cached["results"] == after["results"]:
                self.statuses[cached["cache"]["status"]] += 1
                return True
            # Only what this process has not heard of yet may be missing: a version, or statistics of the corpus.
            return False

        await until(equal, GIVE_UP)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(postgres_server: EmbeddedPostgres, valkey_server: EmbeddedValkey) -> AsyncIterator[Fleet]:
    models = FakeOllama(vector=lambda text: embed(text).tolist())
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(short_folder())
        database = await stack.enter_async_context(fresh_database(postgres_server))
        await stack.enter_async_context(models.running())
        env = environment(database=database, redis=valkey_server.url, models=models.url, folder=folder)
        replicas = [Replica(env, folder / f"api-{n}.log", "--drain", "0", "--grace", "1") for n in range(2)]
        working = worker(env, folder / "worker.log")
        await serving(stack, replicas, working)
        one, other = [await stack.enter_async_context(client(replica.url)) for replica in replicas]
        yield Fleet(one, other)


def text_of(chance: random.Random, words: list[str], count: int) -> str:
    return f"{uuid4()} " + " ".join(chance.choices(words, k=count)) + "."


async def upload(http: httpx.AsyncClient, collection: str, text: str, **metadata: int) -> str:
    answer = await http.post(
        "/api/documents",
        files={"files": (f"{uuid4()}.txt", text.encode())},
        data={"collection": collection, "metadata": str(metadata).replace("'", '"')},
    )
    (item,) = answer.json()["items"]
    assert (await settled(http, item["id"]))["status"] == "ready"
    return str(item["id"])


async def change(http: httpx.AsyncClient, chance: random.Random, stored: list[str]) -> None:
    act = chance.choice(["add", "replace", "delete"]) if len(stored) > 4 else "add"
    text = text_of(chance, WORDS, 30)
    if act == "add":
        stored.append(await upload(http, "default", text, year=chance.randrange(3)))
    elif act == "replace":
        document = chance.choice(stored)
        answer = await http.put(f"/api/documents/{document}", files={"file": ("other.txt", text.encode())})
        assert answer.status_code == 202, answer.text
        await settled(http, document)
    else:
        document = stored.pop(chance.randrange(len(stored)))
        (await http.delete(f"/api/documents/{document}")).raise_for_status()


@pytest.mark.parametrize("seed", [1, 2])
async def test_while_documents_come_change_and_go_what_is_cached_equals_what_is_fresh(
    fleet: Fleet, seed: int
) -> None:
    chance = random.Random(seed)
    stored: list[str] = []
    fleet.statuses.clear()
    compared = [0] * ASKERS

    async def questions(number: int) -> None:
        asker = random.Random(seed * ASKERS + number)
        while True:
            body: dict[str, Any] = {"query": asker.choice(PAIRS[:12]), "top_k": asker.choice([3, 5])}
            if asker.random() < 0.2:
                body["filter"] = {"year": asker.randrange(3)}
            await fleet.compare(asker.choice([fleet.one, fleet.other]), body)
            compared[number] += 1

    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(questions(number)) for number in range(ASKERS)]
        for _ in range(CHANGES):
            await change(chance.choice([fleet.one, fleet.other]), chance, stored)
            # A result that is wrong stays so until the next change: none is made before everyone has looked.
            enough = [count + 2 for count in compared]
            await until(lambda: all(count >= least for count, least in zip(compared, enough, strict=True)), 60)  # noqa: B023 - awaited here
        for task in asking:
            task.cancel()
    assert fleet.statuses["hit"] > CHANGES
    for document in stored:
        await fleet.one.delete(f"/api/documents/{document}")


async def test_documents_about_something_else_leave_what_is_cached_in_place(fleet: Fleet) -> None:
    """In a collection with more passages than an arm has candidates, which grows by less than 10 %."""
    chance = random.Random(3)
    await upload(fleet.one, "stones", "\n\n".join(text_of(chance, WORDS, 120) for _ in range(260)))
    bodies = [{"query": pair, "collection": "stones"} for pair in PAIRS]
    await fleet.search(fleet.one, bodies[0])
    await asyncio.sleep(0.3)  # the statistics of a new collection are taken behind its first question
    for body in bodies:
        await fleet.search(fleet.one, body)
        await fleet.search(fleet.other, body)
    for _ in range(5):
        await upload(fleet.other, "stones", text_of(chance, UNRELATED, 120))
    kept = 0
    for http in (fleet.one, fleet.other):
        for body in bodies:
            cached = await fleet.search(http, body)
            fresh = await fleet.search(http, body, "bypass")
            assert cached["results"] == fresh["results"]
            kept += cached["cache"]["status"] == "hit"
    assert kept >= KEPT * 2 * len(bodies)
