"""Two API processes under load while what the cache rests on is killed, frozen, slowed or made to lie."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from tests.support.fake_ollama import FakeOllama
from tests.support.processes.replica import Replica, client, hung, settled
from tests.support.processes.troubled_stack import FAULTS, TroubledStack, troubled_stack
from tests.support.raw_http import RawReply, post
from tests.support.waiting import until

TEXTS = [f"Chapter {number}. Ships of the harbour wait for the tide at pier {number}." for number in range(8)]
KNOWN = [f"At which pier does ship {number} wait?" for number in range(10)]
ANSWERED = {"messages": [{"role": "user", "content": "Which ships wait? word:5"}]}
CLIENTS = 16

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def load(stack: TroubledStack, rounds: int = 40) -> list[RawReply]:
    """Known and new questions, searched and answered, on both replicas at once; the replies."""
    free = asyncio.Semaphore(CLIENTS)

    async def ask(number: int, replica: Replica) -> RawReply:
        async with free:
            if number % 5 == 0:
                question = f"Which ships wait at pier {uuid4()}? word:3"
                return await post(replica.port, "/api/chat", {"question": question})
            question = KNOWN[number % len(KNOWN)] if number % 2 else f"Who waits at {uuid4()}?"
            return await search(replica, question)

    asked = [ask(number, replica) for number in range(rounds) for replica in stack.replicas]
    return await asyncio.gather(*asked)


async def search(replica: Replica, question: str) -> RawReply:
    return await post(replica.port, "/api/search", {"query": question})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack() -> AsyncIterator[TroubledStack]:
    async with troubled_stack(FakeOllama(gap=0.001)) as stack:
        await upload(stack.near)
        await asyncio.to_thread(stack.worker.stop, 5)
        yield stack


async def upload(replica: Replica) -> None:
    files = [("files", (f"{number}.txt", text.encode())) for number, text in enumerate(TEXTS)]
    async with client(replica.url) as http:
        items = (await http.post("/api/documents", files=files)).json()["items"]
        for item in items:
            assert (await settled(http, item["id"]))["status"] == "ready"


async def shared_again(stack: TroubledStack) -> None:
    """Wait until what one replica computes is found by the other in Redis, in both directions."""

    async def passes(one: Replica, other: Replica) -> bool:
        question = f"Who waits at {uuid4()}?"
        await search(one, question)
        await asyncio.sleep(0.05)
        found = await search(other, question)
        assert found.status == 200, found
        return bool(found.json["cache"]["tier"] == "l2")

    await until(lambda: passes(stack.near, stack.far))
    await until(lambda: passes(stack.far, stack.near))


def statuses(replies: list[RawReply]) -> set[int]:
    return {reply.status for reply in replies}


def answers(reply: RawReply) -> Any:
    return [result["chunk_id"] for result in reply.json["results"]]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_redis_in_trouble_costs_no_answer_and_is_used_again_afterwards(
    stack: TroubledStack, fault: str
) -> None:
    await shared_again(stack)
    expected = {question: answers(await search(stack.near, question)) for question in KNOWN}
    with stack.fault(fault):
        replies = await load(stack)
        assert statuses(replies) == {200}
        assert {reply.events[-1][0] for reply in replies if "event-stream" in reply.headers["content-type"]} == {
            "done"
        }
        for replica in stack.replicas:
            assert {question: answers(await search(replica, question)) for question in KNOWN} == expected
    await shared_again(stack)


async def test_payloads_that_were_tampered_with_are_computed_anew(stack: TroubledStack) -> None:
    await shared_again(stack)
    question = f"Who waits at {uuid4()}?"
    computed = await search(stack.near, question)
    async with Redis.from_url(stack.valkey.url) as redis:
        pattern = f"localchat:*{computed.json['cache']['key']}"
        await until(lambda: redis.keys(pattern))
        (name,) = await redis.keys(pattern)
        await redis.set(name, b"\x80\x05garbage.", xx=True)
    found = await search(stack.far, question)
    assert (found.status, answers(found)) == (200, answers(computed))
    assert found.json["cache"]["tier"] in {"l3", None}


@contextmanager
def without_postgres(stack: TroubledStack) -> Iterator[None]:
    stack.postgres.stop(0)
    try:
        yield
    finally:
        stack.postgres.launch()
        stack.postgres.wait_ready()


async def test_without_postgres_what_is_provably_fresh_is_served_and_the_rest_is_a_clean_503(
    stack: TroubledStack,
) -> None:
    await shared_again(stack)
    in_memory, in_redis = (f"Who waits at {uuid4()}?" for _ in range(2))
    expected = {name: answers(await search(stack.near, name)) for name in (in_memory, in_redis)}
    await search(stack.far, in_memory)
    answered = await post(stack.far.port, "/api/chat", ANSWERED)
    await load(stack, 10)
    with without_postgres(stack):

        async def found_in_redis() -> bool:
            """A read of it that comes late is a miss, which is a 503 now."""
            found = await search(stack.far, in_redis)
            assert found.status in {200, 503}
            return found.status == 200

        await until(found_in_redis)
        for _ in range(5):
            await asyncio.sleep(0.6)
            for question in (in_memory, in_redis):
                found = await search(stack.far, question)
                assert (found.status, found.json["cache"]["status"]) == (200, "hit")
                assert found.json["cache"]["tier"] == "l1"
                assert answers(found) == expected[question]
            again = await post(stack.far.port, "/api/chat", ANSWERED)
            assert again.status == 200
            assert [each for each in again.events if each[0] == "delta"] == [
                each for each in answered.events if each[0] == "delta"
            ]
            unknown = await search(stack.far, f"Who waits at {uuid4()}?")
            assert unknown.status == 503
            assert unknown.headers["content-type"] == "application/problem+json"
            assert unknown.json["title"] == "The database cannot be reached"
        assert statuses(await load(stack, 10)) == {200, 503}

    async def answers_again() -> bool:
        return statuses(await load(stack, 5)) == {200}

    await until(answers_again)
    await shared_again(stack)


@pytest.mark.timeout(300)
async def test_a_frozen_postgres_gives_clean_503s_and_nothing_hangs(stack: TroubledStack) -> None:
    await shared_again(stack)
    with hung(stack.postgres.process):
        seen: Counter[int] = Counter()
        while seen[503] < 20:
            seen.update(reply.status for reply in await load(stack, 10))
        assert set(seen) <= {200, 503}

    async def answers_again() -> bool:
        return statuses(await load(stack, 5)) == {200}

    await until(answers_again)
    await shared_again(stack)


async def test_after_all_that_a_change_of_the_documents_is_seen_by_everyone(stack: TroubledStack) -> None:
    question = KNOWN[0]
    for replica in stack.replicas:
        await search(replica, question)
    async with client(stack.near.url) as http:
        for item in (await http.get("/api/documents")).json()["items"]:
            (await http.delete(f"/api/documents/{item['id']}")).raise_for_status()
    first, second = [await search(replica, question) for replica in stack.replicas]
    assert (first.json["results"], first.json["cache"]["status"]) == ([], "miss")
    assert second.json["results"] == []  # computed, or a hit on what the first has just stored
