"""Connections that the cache keeps: which of the idle ones is lent, and what becomes of the others."""

from contextlib import nullcontext

import asyncpg
import pytest

from app.cache.postgres.connections import HeldConnections

OPEN, CLOSED, TAKEN_BACK = "open", "closed", "taken back by the pool"


class FakeConnection:
    def __init__(self) -> None:
        self.state = OPEN

    def is_closed(self) -> bool:
        if self.state == TAKEN_BACK:
            raise asyncpg.InterfaceError("the connection has been released back to the pool")
        return self.state == CLOSED


class FakePool:
    """Counts the connections that were acquired."""

    def __init__(self) -> None:
        self.acquired: list[FakeConnection] = []

    async def acquire(self) -> FakeConnection:
        self.acquired.append(FakeConnection())
        return self.acquired[-1]


def held(pool: FakePool) -> HeldConnections:
    # The fake stands for asyncpg's pool, of which HeldConnections calls `acquire` alone here.
    return HeldConnections(pool, translated=nullcontext, acquire_timeout=60)  # type: ignore[arg-type]


async def lent(connections: HeldConnections) -> object:
    """Borrow a connection and give it back."""
    async with connections.connection() as connection:
        return connection


@pytest.mark.parametrize("state", [CLOSED, TAKEN_BACK])
async def test_an_idle_connection_that_ended_gives_way_to_a_new_one(state: str) -> None:
    pool = FakePool()
    connections = held(pool)
    await lent(connections)
    pool.acquired[0].state = state
    assert await lent(connections) is pool.acquired[1]


async def test_an_idle_connection_is_lent_again() -> None:
    pool = FakePool()
    connections = held(pool)
    assert await lent(connections) is await lent(connections)
    assert len(pool.acquired) == 1


async def test_idle_connections_that_ended_are_passed_over_until_one_lives() -> None:
    pool = FakePool()
    connections = held(pool)
    async with connections.connection(), connections.connection():
        pass
    last_given_back = pool.acquired[0]
    last_given_back.state = CLOSED
    assert await lent(connections) is pool.acquired[1]
    assert len(pool.acquired) == 2
