"""Limits of keys and tenants: what is refused, what a hit costs, and who counts while Redis is away."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError

from app.api.metering import Meter
from app.domain.access.caller import AccessScope, Caller
from app.domain.access.quotas import Measure, Quota, parse_quotas
from app.domain.answers import Start, Usage
from app.errors import TooManyRequests
from app.services.access.rate_limits import RateLimits
from app.services.answering.answer import Answer
from app.services.search.cached import SearchResult
from tests.support.api import Fakes, client_of
from tests.support.fakes.access import KEY, KEYS, limits_of
from tests.support.fakes.answers import HIT, RESULTS

ANN, BOB, EVE = Caller("acme", "ann"), Caller("acme", "bob"), Caller("other", "eve")


async def allowed(limits: RateLimits, caller: Caller, tries: int) -> int:
    """How many of so many requests in a row are admitted."""
    admitted = 0
    for _ in range(tries):
        with suppress(TooManyRequests):
            await limits.admit(caller)
            admitted += 1
    return admitted


async def test_a_key_and_a_tenant_have_so_many_requests() -> None:
    limits = limits_of(key="requests=3/hour", tenant="requests=5/hour")
    assert await allowed(limits, ANN, 9) == 3
    assert await allowed(limits, BOB, 9) == 2, "the tenant's are used up"
    assert await allowed(limits, EVE, 9) == 3
    assert await allowed(limits_of(), ANN, 50) == 50


async def test_ten_hits_of_the_fast_path_cost_one_request() -> None:
    limits = limits_of(key="requests=10/hour")
    hits = 0
    while await allowed(limits, ANN, 1):
        await limits.give_back(ANN)
        hits += 1
        while limits.admits_hit(ANN):
            hits += 1
    assert 80 <= hits <= 100
    assert not limits.admits_hit(ANN)
    assert limits_of().admits_hit(ANN)


async def test_what_is_left_is_told() -> None:
    limits = limits_of(key="requests=600/minute")
    standing = await limits.admit(ANN)
    assert standing is not None
    assert (standing.quota, standing.remaining) == (Quota(600, 60), 599)
    policy, left = standing.headers()
    assert policy == (b"ratelimit-policy", b'"requests";q=600;w=60')
    assert left[1].startswith(b'"requests";r=599;t=')


async def test_tokens_are_spent_first_and_refused_then() -> None:
    limits = limits_of(tenant="tokens=100/day")

    async def events(status: str) -> AsyncGenerator[Any, None]:
        yield Start(UUID(int=1), "", "m", {"status": status})
        yield Usage(60, 20, 1.0, 1.0)

    for status in ("hit", "miss", "miss"):
        await limits.check(BOB, Measure.TOKENS)
        assert len([event async for event in Meter(limits, ANN).stream(partial(events, status))()]) == 2
    with pytest.raises(TooManyRequests, match="This tenant has 100 tokens in 86400 seconds"):
        await limits.check(BOB, Measure.TOKENS)
    await limits.check(EVE, Measure.TOKENS)


async def test_the_tokens_of_a_whole_answer_are_spent_unless_it_was_cached() -> None:
    limits = limits_of(key="tokens=10/day")

    async def made(status: str) -> Answer:
        answer = Answer(
            start=Start(UUID(int=1), "", "m", {"status": status, "tier": "l1" if status == "hit" else None})
        )
        answer.usage = Usage(8, 8, 1.0, 1.0)
        return answer

    await Meter(limits, ANN).whole(lambda: made("hit"))()
    await limits.check(ANN, Measure.TOKENS)
    await Meter(limits, ANN).whole(lambda: made("miss"))()
    with pytest.raises(TooManyRequests):
        await limits.check(ANN, Measure.TOKENS)


def test_so_many_questions_are_under_way_at_once() -> None:
    limits = limits_of(key="streams=2", tenant="streams=3")
    with limits.under_way(ANN), limits.under_way(ANN):
        with pytest.raises(TooManyRequests, match="2 questions of this key"), limits.under_way(ANN):
            pass
        refusal = pytest.raises(TooManyRequests, match="3 questions of this tenant")
        with limits.under_way(BOB), refusal, limits.under_way(BOB):
            pass
    with limits.under_way(BOB), limits.under_way(BOB):
        pass


class Broken(MemoryStorage):
    """A Redis that is away."""

    broken = False

    async def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        if self.broken:
            raise StorageError(ConnectionError("away"))
        return await super().incr(key, expiry, amount)


async def test_memory_counts_while_redis_does_not() -> None:
    shared, memory = Broken(), MemoryStorage()
    limits = RateLimits(
        {Measure.REQUESTS: Quota(3, 3600)},
        {},
        memory=FixedWindowRateLimiter(memory),
        shared=FixedWindowRateLimiter(shared),
    )
    assert await allowed(limits, ANN, 2) == 2
    shared.broken = True
    assert await allowed(limits, ANN, 9) == 3, "memory knows nothing of those before"


@pytest.mark.parametrize(
    "text", ["requests=600", "streams=3/minute", "calls=3/minute", "tokens=0/day", "requests=x/day"]
)
def test_a_limit_that_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"requests|streams|tokens|calls"):
        parse_quotas((text,))


def test_limits_are_read() -> None:
    assert parse_quotas(("requests=600/minute", "tokens = 2M/day", "streams=8")) == {
        Measure.REQUESTS: Quota(600, 60),
        Measure.TOKENS: Quota(2_000_000, 86_400),
        Measure.STREAMS: Quota(8),
    }


async def test_a_refusal_is_a_problem_that_says_when_to_come_again() -> None:
    fakes = Fakes(limits=limits_of(key="requests=2/hour"))
    async with client_of(fakes, auth_mode="api_key") as client:
        headers = {"x-api-key": KEY}
        answers = [await client.get("/api/collections", headers=headers) for _ in range(3)]
        other = await client.get("/api/collections", headers={"x-api-key": KEYS[AccessScope.READ]})
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert [answer.headers["ratelimit"].split(";")[1] for answer in answers[:2]] == ["r=1", "r=0"]
    refused = answers[2]
    assert 1 <= int(refused.headers["retry-after"]) <= 3600
    assert refused.json()["type"] == "urn:localchat:problem:too-many-requests"
    assert other.status_code == 200


async def test_cached_searches_cost_a_tenth_and_are_refused_in_the_end() -> None:
    fakes = Fakes(limits=limits_of(key="requests=3/hour"))
    fakes.search.hit = SearchResult(RESULTS, HIT, {"total": 0.1})
    async with client_of(fakes, auth_mode="api_key") as client:
        served = 0
        while (
            await client.post("/api/search", json={"query": "x"}, headers={"x-api-key": KEY})
        ).status_code == 200:
            served += 1
            assert served < 100
    assert served >= 15


async def test_uploads_have_limits_of_bytes_and_documents() -> None:
    for limit, statuses in (("upload_bytes=8/day", [202, 429]), ("documents=1/day", [202, 429])):
        fakes = Fakes(limits=limits_of(tenant=limit))
        async with client_of(fakes, auth_mode="api_key") as client:
            sent = []
            for name in ("a.txt", "b.txt"):
                files = {"files": (name, name.encode())}
                sent.append(await client.post("/api/documents", files=files, headers={"x-api-key": KEY}))
        assert [answer.status_code for answer in sent] == statuses
        assert len(fakes.documents.found) == 1
