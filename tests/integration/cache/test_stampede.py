"""Identical questions to four API processes at once: one runs the pipeline, and everyone gets the result."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import uuid4

import pytest
import pytest_asyncio

from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey
from tests.support.databases import fresh_database
from tests.support.fake_ollama import FakeOllama
from tests.support.folders import short_folder
from tests.support.processes.replica import Replica, client, environment, ingested, serving, worker
from tests.support.raw_http import Exchange, RawReply, post
from tests.support.waiting import until

TEXT = "The harbour of Amberg lies behind a wall of granite. Ships wait there for the tide."
IDENTICAL = 1000

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Fleet:
    """Four API processes over the same servers."""

    ports: Sequence[int]
    models: FakeOllama

    async def flood(self, path: str, body: object, count: int) -> dict[int, list[RawReply]]:
        """Send the same request `count` times at once, to each process in turn; the replies by port."""
        asked = [(port, post(port, path, body)) for _ in range(count // len(self.ports)) for port in self.ports]
        replies = await asyncio.gather(*(reply for _, reply in asked))
        found: dict[int, list[RawReply]] = {port: [] for port in self.ports}
        for (port, _), reply in zip(asked, replies, strict=True):
            found[port].append(reply)
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def fleet(postgres_server: EmbeddedPostgres, valkey_server: EmbeddedValkey) -> AsyncIterator[Fleet]:
    models = FakeOllama(gap=0.01, request_seconds=0.2)
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(short_folder())
        database = await stack.enter_async_context(fresh_database(postgres_server))
        await stack.enter_async_context(models.running())
        env = environment(database=database, redis=valkey_server.url, models=models.url, folder=folder)
        replicas = [Replica(env, folder / f"api-{n}.log", "--drain", "0", "--grace", "1") for n in range(4)]
        working = worker(env, folder / "worker.log")
        await serving(stack, replicas, working)
        async with client(replicas[0].url) as http:
            assert (await ingested(http, "harbour.txt", TEXT.encode()))["status"] == "ready"
        yield Fleet([replica.port for replica in replicas], models)


async def test_a_thousand_identical_searches_are_one_search(fleet: Fleet) -> None:
    replies = await fleet.flood("/api/search", {"query": "Where do ships wait?"}, IDENTICAL)
    everyone = [reply for own in replies.values() for reply in own]
    assert Counter(reply.status for reply in everyone) == {200: IDENTICAL}
    assert len({str(reply.json["results"]) for reply in everyone}) == 1
    # Only the request that ran the search has the times of its stages.
    assert sum(len(reply.json["timings_ms"]) > 1 for reply in everyone) == 1
    computed = {port for port, own in replies.items() for reply in own if reply.json["cache"]["status"] == "miss"}
    assert len(computed) == 1


async def test_a_thousand_identical_questions_are_one_generation_that_everyone_gets_whole(fleet: Fleet) -> None:
    asked = {"messages": [{"role": "user", "content": "Where do ships wait? word:12"}]}
    before = fleet.models.chats
    replies = await fleet.flood("/api/chat", asked, IDENTICAL)
    everyone = [reply for own in replies.values() for reply in own]
    assert Counter(reply.status for reply in everyone) == {200: IDENTICAL}
    assert fleet.models.chats - before == 1
    names = {tuple(name for name, _ in reply.events) for reply in everyone}
    assert len(names) == 1
    assert names.pop()[-1] == "done"
    texts = {"".join(data["text"] for name, data in reply.events if name == "delta") for reply in everyone}
    assert [text.rstrip(".").split() for text in texts] == [[f"piece{number}" for number in range(12)]]


async def test_a_generation_goes_on_for_the_others_when_the_client_that_began_it_leaves(fleet: Fleet) -> None:
    question = f"Where is the wall {uuid4()}? word:60"
    asked = {"messages": [{"role": "user", "content": question}]}
    before = fleet.models.chats
    first = await Exchange.begin(fleet.ports[0], "/api/chat", asked)
    await first.until(b'piece3"')
    others = [await Exchange.begin(port, "/api/chat", asked) for port in fleet.ports]
    await others[0].until(b"event: start")
    first.leave()
    replies = await asyncio.gather(*(other.finish() for other in others))
    assert fleet.models.chats - before == 1
    for reply in replies:
        text = "".join(data["text"] for name, data in reply.events if name == "delta")
        assert text.rstrip(".").split() == [f"piece{number}" for number in range(60)]
        assert reply.events[-1][0] == "done"


async def test_a_question_that_everyone_has_left_is_not_answered_to_the_end(fleet: Fleet) -> None:
    asked = {"messages": [{"role": "user", "content": f"Where is the tide {uuid4()}? word:9999"}]}
    clients = [await Exchange.begin(fleet.ports[0], "/api/chat", asked) for _ in range(3)]
    for each in clients:
        await each.until(b'piece1"')
    assert fleet.models.streaming == 1
    for each in clients:
        each.leave()
    await until(lambda: not fleet.models.streaming)
