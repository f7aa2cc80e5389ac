"""Streams through the chain: one generation for everyone who asks the same, replayed afterwards."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from enum import Enum, auto
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from app.cache.backend import CacheKey
from app.cache.chain import CacheChain, Nearby
from app.cache.entry import CacheControl, CacheResult, Computed
from app.cache.keys import KeySpec
from app.cache.stampede.broadcast import BroadcastFlight, BroadcastReader
from app.cache.tiered_reader import OutdatedEntry
from app.concurrency.background import Background
from app.concurrency.single_flight import SingleFlight

E = TypeVar("E")


class StreamSource(Protocol[E]):
    """Makes one answer, and makes it again from the cache."""

    async def produce(self) -> AsyncGenerator[E, None]:
        """Begin the answer, and return its events."""

    def conclude(self, events: Sequence[E]) -> Computed[Any] | None:
        """Turn all events into the value to cache; None if it must not be cached, as a failed answer."""

    async def renew(self, stored: Any) -> Computed[Any] | None:
        """Make a stored value again of the documents as they are now, without what makes answers slow.

        None if that is not possible, since the new answer may be another one.
        """

    def replay(self, cached: CacheResult[Any]) -> Iterable[E]:
        """Turn a cached value into its events."""

    def promises(self, event: E) -> bool | None:
        """Whether an event shows that the answer comes (True) or has failed (False); None if it shows neither."""


class _Outcome(Enum):
    """What became of a new answer while an expired one could be served in its place."""

    COMES = auto()
    FAILED = auto()
    LATE = auto()


class StreamCache(Generic[E]):
    """Opens streams of the chain. A generation stops `grace` seconds after its last client has left."""

    def __init__(
        self, chain: CacheChain, *, grace: float = 0.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._chain = chain
        self._grace = grace
        self._clock = clock
        self._flights: dict[object, BroadcastFlight[E]] = {}
        self._renewals: SingleFlight[CacheResult[Any] | None] = SingleFlight()
        self._background = Background()

    async def open(
        self,
        spec: KeySpec,
        source: StreamSource[E],
        control: CacheControl = CacheControl.USE,
        *,
        nearby: Nearby | None = None,
    ) -> CacheResult[Any] | BroadcastReader[E]:
        """Return a hit, which the caller replays, or a reader of the live events, from the first on.

        An answer from before documents changed is a hit if its source can renew it. `nearby` is called when no tier
        has the answer. An expired answer that is fresh by version is returned,
        marked STALE, if the new one fails before it has begun or takes longer than the chain's patience.

        The caller always closes the reader (`aclosing`), also when its client leaves. The reader raises what
        `produce` raises, after the events before it.

        Raises:
            NotCached: `control` is ONLY_IF_CACHED, and no tier has the answer.
        """
        key = spec.key
        if control is CacheControl.BYPASS:
            self._chain.count_bypass(key)
            return BroadcastFlight(partial(_uncached, source), grace=self._grace).read()
        found = await self._chain.lookup(spec, control, nearby=nearby)
        if found.hit is not None:
            if control is not CacheControl.WARM:
                self._refresh_early(spec, source, found.hit)
            return found.hit
        refresh = control is CacheControl.REFRESH
        version = await self._chain.version(key)
        if found.outdated is not None:
            renewed = await self._renew(spec, source, found.outdated, version, control)
            if renewed is not None:
                return renewed
        name = self._chain.flight_key(key, version, refresh=refresh)
        flight = self._flights.get(name)
        if flight is None or not flight.joinable:
            flight = self._begin(name, spec, source, version, refresh=refresh)
        else:
            self._chain.statistics.coalesced(key.namespace)
        reader = flight.read()
        if found.fallback is None:
            return reader
        return await self._or_fallback(key, flight, reader, source, found.fallback)

    async def close(self) -> None:
        """Stop every generation and wait until it has cleaned up."""
        await self._renewals.close()
        for flight in list(self._flights.values()):
            await flight.close()
        await self._background.close()

    def _begin(
        self,
        name: object,
        spec: KeySpec,
        source: StreamSource[E],
        version: int | None,
        *,
        refresh: bool,
    ) -> BroadcastFlight[E]:
        flight = self._flights[name] = BroadcastFlight(
            lambda: self._produce(name, spec, source, version, refresh=refresh), grace=self._grace
        )
        return flight

    async def _renew(
        self,
        spec: KeySpec,
        source: StreamSource[E],
        outdated: OutdatedEntry,
        version: int | None,
        control: CacheControl,
    ) -> CacheResult[Any] | None:
        """Renew an answer once for everyone who asks for it at this version."""

        async def renew() -> CacheResult[Any] | None:
            computed = await source.renew(outdated.record.value)
            if computed is None:
                self._chain.count_changed(spec.key, outdated)
                return None
            return self._chain.renew(spec, outdated, computed, control)

        return await self._renewals.run(self._chain.flight_key(spec.key, version, refresh=False), renew)

    def _refresh_early(self, spec: KeySpec, source: StreamSource[E], hit: CacheResult[Any]) -> None:
        name = ("early", spec.key.digest)
        if self._chain.is_ageing(hit) and name not in self._flights:
            self._chain.statistics.of(spec.key.namespace).refreshed += 1
            flight = self._begin(name, spec, source, None, refresh=True)
            self._background.spawn(_read_to_the_end(flight.read()))

    async def _or_fallback(
        self,
        key: CacheKey,
        flight: BroadcastFlight[E],
        reader: BroadcastReader[E],
        source: StreamSource[E],
        fallback: CacheResult[Any],
    ) -> CacheResult[Any] | BroadcastReader[E]:
        """Return the reader once the new answer is sure to come, else the expired answer."""
        try:
            outcome = await self._outcome(flight, source)
        except BaseException:
            await reader.aclose()
            raise
        if outcome is _Outcome.COMES or not await self._chain.serves_stale(key, fallback):
            return reader
        if outcome is _Outcome.LATE:
            self._background.spawn(_read_to_the_end(reader))
        else:
            await reader.aclose()
        return fallback

    async def _outcome(self, flight: BroadcastFlight[E], source: StreamSource[E]) -> "_Outcome":
        position = 0
        try:
            async with asyncio.timeout(self._chain.tiers.policy.patience):
                while (promised := source.promises(await flight.event(position))) is None:
                    position += 1
        except TimeoutError:
            return _Outcome.LATE
        except Exception:  # noqa: BLE001 - the reader raises it again, if there is nothing better to serve
            return _Outcome.FAILED
        return _Outcome.COMES if promised else _Outcome.FAILED

    async def _produce(
        self,
        name: object,
        spec: KeySpec,
        source: StreamSource[E],
        version: int | None,
        *,
        refresh: bool,
    ) -> AsyncIterator[E]:
        flight = self._flights[name]
        try:
            claimed = await self._chain.claim(spec, version, refresh=refresh)
            if isinstance(claimed, CacheResult):
                for event in source.replay(claimed):
                    yield event
                return
            started = self._clock()
            try:
                async with aclosing(await source.produce()) as events:
                    async for event in events:
                        yield event
                computed = source.conclude(flight.events)
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
                replaces=refresh,
            )
        finally:
            self._land(name, flight)

    def _land(self, name: object, flight: BroadcastFlight[E]) -> None:
        """Make room for the next flight of this name, unless that has begun already."""
        if self._flights.get(name) is flight:
            del self._flights[name]


async def _uncached(source: StreamSource[E]) -> AsyncGenerator[E, None]:
    async with aclosing(await source.produce()) as events:
        async for event in events:
            yield event


async def _read_to_the_end(reader: BroadcastReader[Any]) -> None:
    async with aclosing(reader):
        async for _ in reader:
            pass
