"""Leases in Redis and in Postgres: one holder at a time, and a dead one is succeeded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from app.cache.stampede.lease import ComputeLease, FleetLease, LeaseStore
from app.cache.stampede.lease_stores import PostgresLeases, RedisLeases
from app.concurrency.circuit_breaker import CircuitBreaker
from app.wiring.redis import open_redis
from tests.support.cache.database import LEASES, Store
from tests.support.waiting import until


@pytest.fixture(params=["valkey_url", "cluster_url", "postgres"])
async def leases(request: pytest.FixtureRequest, store: Store) -> AsyncIterator[LeaseStore]:
    """In Redis, in a cluster of it, and in Postgres."""
    if request.param == "postgres":
        yield PostgresLeases(store.held, table=LEASES, timeout=5)
        return
    async with AsyncExitStack() as stack:
        client = open_redis(request.getfixturevalue(request.param), stack, connect_seconds=5, seconds=5)
        yield RedisLeases(client, timeout=5)


async def test_a_lease_is_held_by_one_token_until_released_or_run_out(leases: LeaseStore) -> None:
    assert await leases.acquire("name", "a", 60)
    assert not await leases.acquire("name", "b", 60)
    assert not await leases.extend("name", "b", 60)
    await leases.release("name", "b")
    assert not await leases.acquire("name", "b", 60)
    assert await leases.extend("name", "a", 0.05)
    await until(lambda: leases.acquire("name", "b", 60))
    await leases.release("name", "b")
    assert await leases.acquire("name", "c", 60)


async def test_only_one_of_many_racing_for_a_lease_gets_it(leases: LeaseStore) -> None:
    won = await asyncio.gather(*(leases.acquire("name", str(number), 60) for number in range(20)))
    assert sum(won) == 1


async def test_the_lease_of_a_dead_holder_is_taken_over(leases: LeaseStore) -> None:
    assert await leases.acquire("name", "a holder that died", 0.1)

    async def probe() -> str | None:
        return None

    fleet = FleetLease([(leases, CircuitBreaker())], wait=10)
    lease = await fleet.claim("name", probe)
    assert isinstance(lease, ComputeLease)
    assert lease.held
    await lease.release()
