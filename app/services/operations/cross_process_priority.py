"""Cross-process priority: queries go ahead of bulk embedding, whichever process runs either.

Each process announces over NOTIFY at which model servers its queries wait; the others pause their bulk work there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Protocol
from uuid import uuid4

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

    A message has one line for the sender's id and one for each endpoint that its queries wait for. A message
    without endpoints ends the wait. Messages are repeated every `renewal` seconds and expire after `lease`
    seconds, so a process that died holds up bulk work for no longer than that.
    """

    def __init__(self, lanes: Lanes, *, renewal: float = 0.5, lease: float = 2.0) -> None:
        self._lanes = lanes
        self._renewal = renewal
        self._lease = lease
        self._sender = uuid4().hex
        self._others: dict[str, frozenset[str]] = {}
        self._expiries: dict[str, asyncio.TimerHandle] = {}

    async def announce(self, send: Callable[[str], Awaitable[None]]) -> None:
        """Send our waits until cancelled. A message that cannot be sent is dropped: it would only save time."""
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
        """Take in another process's message; our own are ignored."""
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
