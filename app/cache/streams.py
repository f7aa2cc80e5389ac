"""Streamed answers through the chain: one generation for identical questions, replayed from then on."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.cache.broadcast import BroadcastFlight, BroadcastReader
from app.cache.chain import CacheChain
from app.cache.keys import KeySpec
from app.cache.record import CacheControl, Cached, Computed
from app.errors import NotCached

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class StreamSource(Generic[E]):
    """How one answer is made and remade.

    `produce` yields the events; `conclude` turns all of them into what is cached, or None if they are not worth
    caching, such as an answer that ended in an error; `replay` turns a cached answer into events again.
    """

    produce: Callable[[], AsyncGenerator[E, None]]
    conclude: Callable[[Sequence[E]], Computed[Any] | None]
    replay: Callable[[Cached[Any]], Iterable[E]]


class StreamCache(Generic[E]):
    """Opens streams. A generation is stopped `grace` seconds after its last client has left."""

    def __init__(
        self, chain: CacheChain, *, grace: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._chain = chain
        self._grace = grace
        self._clock = clock
        self._flights: dict[object, BroadcastFlight[E]] = {}

    async def open(
        self,
        spec: KeySpec,
        source: StreamSource[E],
        control: CacheControl = CacheControl.USE,
        *,
        ttl: float | None = None,
    ) -> Cached[Any] | BroadcastReader[E]:
        """Return a hit, for the caller to replay, or the live events, from the first on.

        The caller closes the reader (`aclosing`) when its client leaves, and in any case. What `produce` raises
        comes out of the reader after the events before it.

        Raises:
            NotCached: `control` is ONLY_IF_CACHED and no tier has it.
        """
        key = spec.key
        if control is CacheControl.BYPASS:
            self._chain.count_bypass(key)
            return BroadcastFlight(source.produce, grace=self._grace).read()
        if control is not CacheControl.REFRESH:
            hit = await self._chain.lookup(spec)
            if hit is not None:
                return hit
            if control is CacheControl.ONLY_IF_CACHED:
                raise NotCached("The cache holds no fresh answer to this question.")
        refresh = control is CacheControl.REFRESH
        version = await self._chain.version(key)
        name = self._chain.flight_key(key, version, refresh=refresh)
        flight = self._flights.get(name)
        if flight is None or not flight.joinable:
            flight = BroadcastFlight(
                lambda: self._produce(name, spec, source, ttl, version, refresh=refresh), grace=self._grace
            )
            self._flights[name] = flight
        else:
            self._chain.statistics.coalesced(key.namespace)
        return flight.read()

    async def close(self) -> None:
        """Stop every generation and wait until it has cleaned up."""
        for flight in list(self._flights.values()):
            await flight.close()

    async def _produce(
        self,
        name: object,
        spec: KeySpec,
        source: StreamSource[E],
        ttl: float | None,
        version: int | None,
        *,
        refresh: bool,
    ) -> AsyncIterator[E]:
        flight = self._flights[name]
        try:
            claimed = await self._chain.claim(spec, version, refresh=refresh)
            if isinstance(claimed, Cached):
                for event in source.replay(claimed):
                    yield event
                return
            events: list[E] = []
            started = self._clock()
            try:
                async with aclosing(source.produce()) as produced:
                    async for event in produced:
                        events.append(event)
                        yield event
                computed = source.conclude(events)
            except BaseException:
                await claimed.release()
                raise
            if computed is None:
                await claimed.release()
                return
            await self._chain.tiers.remember(
                spec,
                computed,
                seconds=self._clock() - started,
                lease=claimed,
                ttl=ttl,
                replaces=refresh,
            )
        finally:
            if self._flights.get(name) is flight:
                del self._flights[name]
