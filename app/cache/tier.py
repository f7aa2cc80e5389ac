"""A shared tier as the chain uses it: behind a breaker, bounded in time, verified, counted. Nothing raises."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from app.cache.base import About, BackendStats, CacheBackend, CacheKey, Entry, Scope
from app.cache.breaker import Breaker
from app.cache.codec import EnvelopeCodec, Refusal
from app.cache.record import Record
from app.cache.stats import CacheStats

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """An opened record, the payload it came in, and when it expires on the monotonic clock."""

    record: Record
    payload: bytes
    deadline: float


class SharedTier:
    """Wraps one byte-valued backend.

    A read is waited for during `soft` seconds at most, and given up after `hard`; any other operation is
    bounded by `hard`. `ttl` is how long entries live here, in seconds.
    """

    def __init__(
        self,
        backend: CacheBackend[bytes],
        *,
        codec: EnvelopeCodec,
        breaker: Breaker,
        stats: CacheStats,
        ttl: float = 86_400.0,
        soft: float = 0.025,
        hard: float = 0.25,
    ) -> None:
        self.name = backend.name
        self.ttl = ttl
        self.breaker = breaker
        self._backend = backend
        self._codec = codec
        self._stats = stats
        self._soft = soft
        self._hard = hard
        self._tasks: set[asyncio.Task[Any]] = set()

    async def read(self, key: CacheKey, budget: float) -> Found | None:
        """Look the key up, waiting `budget` seconds at most. An error or a refused payload is a miss.

        A hit is not counted here: whether it is one depends on its freshness.
        """
        counters = self._stats.tier(self.name, key.namespace)
        if not self.breaker.allows():
            counters.skipped += 1
            return None
        read = self._spawn(self._get(key))
        await asyncio.wait({read}, timeout=min(self._soft, budget))
        if not read.done() or read.exception() is not None:
            self._failed(key, "get", "timeout" if not read.done() else repr(read.exception()))
            return None
        self.breaker.succeeded()
        entry: Entry[bytes] | None = read.result()
        if entry is None:
            self._stats.miss(self.name, key.namespace)
            return None
        opened = self._codec.open(key, entry.value)
        if isinstance(opened, Refusal):
            counters.refused += 1
            self._stats.miss(self.name, key.namespace)
            self._stats.invalidated(self.name, key.namespace, opened)
            self._spawn(self.discard(key))
            return None
        return Found(opened, entry.value, entry.deadline)

    async def write(self, key: CacheKey, payload: bytes, ttl: float, about: About) -> bool:
        """Store a sealed payload; whether it is there now."""
        stored = await self._attempt(key, "set", lambda: self._backend.set(key, payload, ttl=ttl, about=about))
        return bool(stored)

    async def discard(self, key: CacheKey) -> bool:
        return bool(await self._attempt(key, "delete", lambda: self._backend.delete(key)))

    async def clear(self, scope: Scope) -> int:
        """Raises what the backend raises: an operator is told when a tier could not be cleared."""
        return await self._backend.clear(scope)

    async def held(self) -> BackendStats | None:
        """Return what the tier holds, or None if it does not answer."""
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
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._hard):
                result = await work()
        except Exception as error:  # noqa: BLE001 - a cache fails open
            self._failed(key, operation, repr(error))
            return None
        self.breaker.succeeded()
        self._stats.observer.operated(self.name, operation, time.perf_counter() - started)
        return result

    async def _get(self, key: CacheKey) -> Entry[bytes] | None:
        async with asyncio.timeout(self._hard):
            return await self._backend.get(key)

    def _failed(self, key: CacheKey, operation: str, why: str) -> None:
        self.breaker.failed()
        self._stats.error(self.name, key.namespace)
        logger.info("%s %s failed: %s", self.name, operation, why)

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # seen, also when the reader has stopped waiting
