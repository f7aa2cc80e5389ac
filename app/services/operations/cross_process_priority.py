"""Queries ahead of bulk work in every process: each tells the others which model servers its queries wait for."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Protocol
from uuid import uuid4

from app.concurrency.background import run_for_lifetime
from app.db.notifications import NotificationChannel
from app.errors import StoreUnavailable

CHANNEL = "queries_waiting"


class Lanes(Protocol):
    @property
    def waited_for(self) -> frozenset[str]:
        """The endpoints that queries of this process wait for."""

    async def moved(self) -> None:
        """Return when `waited_for` may have changed."""

    def give_way(self, endpoints: AbstractSet[str]) -> None:
        """Hold back bulk work at these endpoints, and at no others."""


class CrossProcessPriority:
    """Keeps the lanes of several processes in step.

    A message is the sender's id and the names of the endpoints it waits for, a line each; none: it waits no more.
    It is repeated every `renewal` seconds and holds for `lease` seconds, so that nobody gives way for long to a
    process that is gone.
    """

    def __init__(self, lanes: Lanes, *, renewal: float = 0.5, lease: float = 2.0) -> None:
        self._lanes = lanes
        self._renewal = renewal
        self._lease = lease
        self._sender = uuid4().hex
        self._others: dict[str, frozenset[str]] = {}
        self._expiries: dict[str, asyncio.TimerHandle] = {}

    async def announce(self, send: Callable[[str], Awaitable[None]]) -> None:
        """Tell the others, until cancelled. What cannot be sent is dropped: speed is lost, and nothing else."""
        told: frozenset[str] = frozenset()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._renewal if told else None):
                    await self._lanes.moved()
            waited_for = self._lanes.waited_for
            if told or waited_for:
                with suppress(StoreUnavailable):
                    await send("\n".join([self._sender, *sorted(waited_for)]))
            told = waited_for

    def hear(self, message: str) -> None:
        sender, *endpoints = message.split("\n")
        if sender == self._sender:
            return
        self._forget(sender)
        if endpoints:
            self._others[sender] = frozenset(endpoints)
            self._expiries[sender] = asyncio.get_running_loop().call_later(self._lease, self._expire, sender)
        self._give_way()

    def _expire(self, sender: str) -> None:
        self._forget(sender)
        self._give_way()

    def _forget(self, sender: str) -> None:
        self._others.pop(sender, None)
        expiry = self._expiries.pop(sender, None)
        if expiry is not None:
            expiry.cancel()

    def _give_way(self) -> None:
        self._lanes.give_way(frozenset().union(*self._others.values()))


@asynccontextmanager
async def cross_process_priority(database_url: str, lanes: Lanes) -> AsyncIterator[None]:
    """Tell the other processes of our queries, and give way to theirs, while the block runs."""
    ours = CrossProcessPriority(lanes)
    channel = NotificationChannel(database_url, CHANNEL, ours.hear)
    async with AsyncExitStack() as stack:
        for work in (channel.run(), ours.announce(channel.send)):
            run_for_lifetime(stack, work)
        yield
