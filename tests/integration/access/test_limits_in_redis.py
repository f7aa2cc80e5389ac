"""Limits that replicas count together, on a real Valkey."""

import pytest
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis.asyncio import Redis

from app.domain.access.caller import Caller
from app.domain.access.quotas import Measure, parse_quotas
from app.errors import TooManyRequests
from app.services.access.rate_limits import RateLimits
from app.wiring.access import shared_limiter

ANN = Caller("acme", "ann")


def replica(redis: Redis) -> RateLimits:
    quotas = parse_quotas(("requests=4/hour", "tokens=100/day"))
    memory = FixedWindowRateLimiter(MemoryStorage())
    return RateLimits(quotas, {}, memory=memory, shared=shared_limiter(redis))


async def test_replicas_count_together(valkey_url: str) -> None:
    async with Redis.from_url(valkey_url) as redis:
        replicas = [replica(redis), replica(redis)]
        left = []
        for number in range(4):
            standing = await replicas[number % 2].admit(ANN)
            assert standing is not None
            left.append(standing.remaining)
            assert 0 < standing.reset <= 3600
        assert left == [3, 2, 1, 0]
        for limits in replicas:
            with pytest.raises(TooManyRequests) as refusal:
                await limits.admit(ANN)
            assert 0 < refusal.value.retry_after <= 3600
        await replicas[0].spend(ANN, Measure.TOKENS, 100)
        with pytest.raises(TooManyRequests):
            await replicas[1].check(ANN, Measure.TOKENS)


async def test_a_hit_is_given_back_to_all(valkey_url: str) -> None:
    async with Redis.from_url(valkey_url) as redis:
        one, other = replica(redis), replica(redis)
        for _ in range(20):
            await one.admit(ANN)
            await one.give_back(ANN)
        standing = await other.admit(ANN)
        assert standing is not None
        assert standing.remaining == 1


async def test_a_replica_counts_for_itself_without_redis() -> None:
    redis = Redis.from_url("redis://127.0.0.1:9/0")
    limits = replica(redis)
    for _ in range(4):
        await limits.admit(ANN)
    with pytest.raises(TooManyRequests):
        await limits.admit(ANN)
    await redis.aclose()
