"""A shared tier behind a breaker: bounded in time, verified, counted. A failing tier is a miss, not an error."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from opentelemetry.trace import SpanKind

from app.cache.backend import BackendStats, CacheBackend, CacheKey, EntryMetadata, FutureReads, Scope, StoredPayload
from app.cache.codec.envelope import EnvelopeCodec, Refusal
from app.cache.entry import CacheEntry
from app.cache.stats import CacheStats, Counted
from app.concurrency.circuit_breaker import CircuitBreaker
from app.concurrency.timeouts import LagTolerantTimer, lag_tolerant_timeout
from app.telemetry import tracing

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Seconds in which the same failure of a tier is logged once.
_LOGGED_SECONDS = 60.0

# Redis's names of the operations.
_REDIS = {"get": "GET", "set": "SET", "delete": "DEL"}


@dataclass(frozen=True, slots=True)
class TierHit:
    """An opened record with its payload. `deadline` is of the monotonic clock; `hits` those so far, if known."""

    record: CacheEntry
    payload: bytes
    deadline: float
    hits: int | None


@dataclass(frozen=True, slots=True)
class TierEntry:
    """One tier's state of an entry: absent, present, or refused with a reason. `deadline` as in `TierHit`."""

    tier: str
    record: CacheEntry | Refusal | None = None
    deadline: float = 0.0
    available: bool = True


class GuardedTier:
    """Wraps one byte-valued backend.

    Requests wait `soft` seconds for a read, and the read itself is cancelled after `hard`; every other operation
    may take `hard` seconds. `ttl` is the life of entries in this tier, in seconds. `clock` tells when a failure is
    logged again.
    """

    def __init__(
        self,
        backend: CacheBackend[bytes],
        *,
        codec: EnvelopeCodec,
        breaker: CircuitBreaker,
        stats: CacheStats,
        ttl: float = 86_400.0,
        soft: float = 0.025,
        hard: float = 0.25,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = backend.name
        self.ttl = ttl
        self.breaker = breaker
        self._backend = backend
        self._begin = backend.submit if isinstance(backend, FutureReads) else self._read_in_task
        self._codec = codec
        self._stats = stats
        self._soft = soft
        self._hard = hard
        self._clock = clock
        self._silent_until: dict[tuple[str, type[BaseException]], float] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def read(self, key: CacheKey, budget: float, *, counted: Counted = Counted.EVERYTHING) -> TierHit | None:
        """Look the key up, waiting `budget` seconds at most. An error or a refused payload is a miss.

        The caller counts the hit, since it is one only if the entry is fresh.
        """
        counters = self._stats.tier(self.name, key.namespace)
        if not self.breaker.allows():
            counters.skipped += 1
            return None
        try:
            with self._span("get"):
                read = self._begin(key)
                timer = LagTolerantTimer(min(self._soft, budget), lambda: _expire(read))
                try:
                    entry = await read
                finally:
                    timer.cancel()
        except Exception as error:  # noqa: BLE001 - a cache fails open
            self._failed(key, "get", error)
            return None
        self.breaker.succeeded()
        if entry is None:
            if counted is Counted.EVERYTHING:
                self._stats.miss(self.name, key.namespace)
            return None
        opened = self._codec.open(key, entry.value)
        if isinstance(opened, Refusal):
            counters.refused += 1
            self._stats.miss(self.name, key.namespace)
            self._stats.invalidated(self.name, key.namespace, opened)
            self._spawn(self.discard(key))
            return None
        return TierHit(opened, entry.value, entry.deadline, entry.hits)

    async def write(self, key: CacheKey, payload: bytes, ttl: float, about: EntryMetadata) -> bool:
        """Store a sealed payload, and return whether the tier has it now."""
        stored = await self._attempt(key, "set", lambda: self._backend.set(key, payload, ttl=ttl, about=about))
        return bool(stored)

    async def discard(self, key: CacheKey) -> bool:
        return bool(await self._attempt(key, "delete", lambda: self._backend.delete(key)))

    async def examine(self, key: CacheKey) -> TierEntry:
        """Return the tier's state of an entry for an operator. It counts no use and raises nothing."""
        try:
            async with asyncio.timeout(self._hard):
                entry = await self._backend.get(key)
        except Exception as error:  # noqa: BLE001 - the other tiers are shown without this one
            logger.info("%s could not be examined: %r", self.name, error)
            return TierEntry(self.name, available=False)
        if entry is None:
            return TierEntry(self.name)
        return TierEntry(self.name, self._codec.open(key, entry.value), entry.deadline)

    async def clear(self, scope: Scope) -> int:
        """Clear the scope. Raises the backend's error, since an operator must know that a tier was not cleared."""
        return await self._backend.clear(scope)

    async def usage(self) -> BackendStats | None:
        """Return the tier's contents, None if it does not answer."""
        try:
            return await self._backend.stats()
        except Exception as error:  # noqa: BLE001 - statistics are shown without this tier
            logger.info("%s gave no statistics: %r", self.name, error)
            return None

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._backend.close()

    async def _attempt(self, key: CacheKey, operation: str, work: Callable[[], Awaitable[T]]) -> T | None:
        if not self.breaker.allows():
            self._stats.tier(self.name, key.namespace).skipped += 1
            return None
        started = time.perf_counter_ns()
        try:
            with self._span(operation):
                async with lag_tolerant_timeout(self._hard):
                    result = await work()
        except Exception as error:  # noqa: BLE001 - a cache fails open
            self._failed(key, operation, error)
            return None
        self.breaker.succeeded()
        self._stats.operated(self.name, operation, time.perf_counter_ns() - started)
        return result

    def _span(self, operation: str) -> AbstractContextManager[object]:
        """Trace an operation on Redis. The driver of Postgres traces its statements itself."""
        if self.name != "l2" or not tracing.recording():
            return nullcontext()
        name = _REDIS[operation]
        return tracing.span(name, SpanKind.CLIENT, {"db.system.name": "redis", "db.operation.name": name})

    def _read_in_task(self, key: CacheKey) -> asyncio.Future[StoredPayload[bytes] | None]:
        """Begin a read of a tier without `FutureReads`. It may run to its hard limit after its reader has left."""
        read: asyncio.Future[StoredPayload[bytes] | None] = asyncio.get_running_loop().create_future()
        task = self._spawn(self._backend.get(key))
        limit = LagTolerantTimer(self._hard, task.cancel)

        def complete(_: asyncio.Task[Any]) -> None:
            limit.cancel()
            if read.done():
                return
            if task.cancelled():
                _expire(read)
            elif (error := task.exception()) is not None:
                read.set_exception(error)
            else:
                read.set_result(task.result())

        task.add_done_callback(complete)
        return read

    def _failed(self, key: CacheKey, operation: str, error: Exception) -> None:
        self.breaker.failed()
        self._stats.error(self.name, key.namespace)
        cause = error.__cause__ or error
        failure = (operation, type(cause))
        now = self._clock()
        # Hundreds may fail alike at once, and a full Redis refuses every write while it can be read.
        if now >= self._silent_until.get(failure, now):
            self._silent_until[failure] = now + _LOGGED_SECONDS
            logger.info("%s %s failed: %s: %s", self.name, operation, type(cause).__name__, cause)

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved, also when the reader has stopped waiting


def _expire(read: asyncio.Future[Any]) -> None:
    with suppress(asyncio.InvalidStateError):  # the answer came at this very moment
        read.set_exception(TimeoutError())
