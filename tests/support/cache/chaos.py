"""A test double that makes a tier slow, failing, hanging or lying."""

import asyncio
import random
from dataclasses import dataclass

from app.cache.backend import BackendStats, CacheBackend, CacheKey, EntryMetadata, Scope, StoredPayload


class ChaosError(Exception):
    """The failure that was asked for."""


@dataclass(slots=True)
class Chaos:
    """What to do to each operation; change it while running. Shares are probabilities from 0 to 1."""

    latency: float = 0.0
    errors: float = 0.0
    garbage: float = 0.0
    hang: bool = False


class ChaosCache:
    """Wraps a byte-valued tier. With `Chaos()` it is transparent."""

    def __init__(self, inner: CacheBackend[bytes], chaos: Chaos, *, seed: int = 0) -> None:
        self.name = inner.name
        self.chaos = chaos
        self._inner = inner
        self._random = random.Random(seed)

    async def get(self, key: CacheKey) -> StoredPayload[bytes] | None:
        await self._disturb()
        entry = await self._inner.get(key)
        if entry is not None and self._random.random() < self.chaos.garbage:
            return StoredPayload(self._random.randbytes(len(entry.value)), entry.deadline)
        return entry

    async def set(self, key: CacheKey, value: bytes, *, ttl: float, about: EntryMetadata) -> bool:
        await self._disturb()
        return await self._inner.set(key, value, ttl=ttl, about=about)

    async def delete(self, key: CacheKey) -> bool:
        await self._disturb()
        return await self._inner.delete(key)

    async def clear(self, scope: Scope) -> int:
        await self._disturb()
        return await self._inner.clear(scope)

    async def stats(self) -> BackendStats:
        await self._disturb()
        return await self._inner.stats()

    async def close(self) -> None:
        await self._inner.close()

    async def _disturb(self) -> None:
        if self.chaos.hang:
            await asyncio.get_running_loop().create_future()
        if self.chaos.latency:
            await asyncio.sleep(self.chaos.latency)
        if self._random.random() < self.chaos.errors:
            raise ChaosError("the tier was told to fail")
