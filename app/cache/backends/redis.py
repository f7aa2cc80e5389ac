"""L2: a Redis or Valkey shared by the replicas.

Keys are `{prefix}{namespace}:{tenant}:{collection}:{digest}`, so that a scope can be cleared by pattern.
The server keeps relative expiry times, so no two clocks are ever compared.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from app.cache.backend import EVERYTHING, BackendStats, CacheKey, EntryMetadata, Scope, StoredPayload, TierUsage
from app.cache.backends.redis_topology import AnyRedis, topology_of
from app.concurrency.data_loader import DataLoader
from app.concurrency.timeouts import lag_tolerant_timeout

_MAX_PREFIXES = 10_000


class RedisCache:
    """An entry stays for `retain` seconds past its deadline, and a command may take `timeout` seconds.

    `client` must leave responses as bytes.

    Raises:
        RedisError, OSError, TimeoutError: Redis does not answer.
    """

    def __init__(
        self,
        client: AnyRedis,
        *,
        prefix: str = "localchat:",
        timeout: float = 0.25,
        retain: float = 0.0,
        max_value_bytes: int = 1024 * 1024,
    ) -> None:
        self.name = "l2"
        self._client = client
        self._prefix = prefix
        self._timeout = timeout
        self._retain = retain
        self._max_value_bytes = max_value_bytes
        self._topology = topology_of(client)
        self._loader: DataLoader[str, StoredPayload[bytes]] = DataLoader(self._fetch, timeout=timeout)
        self._oversized = 0
        self._prefixes: dict[tuple[str, str, int | None], str] = {}

    async def get(self, key: CacheKey) -> StoredPayload[bytes] | None:
        return await self.submit(key)

    def submit(self, key: CacheKey) -> asyncio.Future[StoredPayload[bytes] | None]:
        return self._loader.submit(self._name(key))

    async def set(self, key: CacheKey, value: bytes, *, ttl: float, about: EntryMetadata) -> bool:  # noqa: ARG002
        name = self._name(key)
        async with lag_tolerant_timeout(self._timeout):
            if len(value) > self._max_value_bytes:
                self._oversized += 1
                await self._client.unlink(name)
                return False
            await self._client.set(name, value, px=max(1, round((ttl + self._retain) * 1000)))
        return True

    async def delete(self, key: CacheKey) -> bool:
        async with lag_tolerant_timeout(self._timeout):
            return bool(await self._client.unlink(self._name(key)))

    async def clear(self, scope: Scope) -> int:
        removed = 0
        async for names in self._scan(scope):
            async with lag_tolerant_timeout(self._timeout):
                removed += await self._client.unlink(*names)
        return removed

    async def stats(self) -> BackendStats:
        """Walk all keys of the prefix, in linear time. Evictions are the server's since its start."""
        entries: dict[str, int] = {}
        sizes: dict[str, int] = {}
        async for names in self._scan(EVERYTHING):
            async with lag_tolerant_timeout(self._timeout):
                pipeline = self._client.pipeline(transaction=False)
                for name in names:
                    pipeline.strlen(name)
                lengths = await pipeline.execute()
            for name, length in zip(names, lengths, strict=True):
                namespace = name.decode().removeprefix(self._prefix).partition(":")[0]
                entries[namespace] = entries.get(namespace, 0) + 1
                sizes[namespace] = sizes.get(namespace, 0) + length
        async with lag_tolerant_timeout(self._timeout):
            evicted = await self._topology.evicted()
        usage = {namespace: TierUsage(count, sizes[namespace]) for namespace, count in entries.items()}
        return BackendStats(usage, evicted, self._oversized)

    async def close(self) -> None:
        await self._loader.close()
        await self._topology.close()

    async def _fetch(self, names: Sequence[str]) -> Mapping[str, StoredPayload[bytes]]:
        found = await self._topology.read(names)
        now = time.monotonic() - self._retain
        return {
            name: StoredPayload(value, now + life / 1000)
            for name, (value, life) in zip(names, found, strict=True)
            if value is not None
        }

    async def _scan(self, scope: Scope) -> AsyncIterator[list[Any]]:
        """Yield keys in the scope, page by page."""
        pattern = ":".join(
            (
                _escape(self._prefix) + _part(scope.namespace),
                _part(scope.tenant),
                _part(scope.collection),
                _escape(scope.digest) + "*",
            )
        )
        pages = self._topology.scan(pattern)
        while True:
            async with lag_tolerant_timeout(self._timeout):
                names = await anext(pages, None)
            if names is None:
                return
            if names:
                yield names

    def _name(self, key: CacheKey) -> str:
        scope = (key.namespace, key.tenant, key.collection)
        prefix = self._prefixes.get(scope)
        if prefix is None:
            collection = "" if key.collection is None else key.collection
            prefix = f"{self._prefix}{quote(key.namespace, '')}:{quote(key.tenant, '')}:{collection}:"
            if len(self._prefixes) < _MAX_PREFIXES:
                self._prefixes[scope] = prefix
        return prefix + key.digest


def _part(value: str | int | None) -> str:
    return "*" if value is None else _escape(quote(str(value), ""))


def _escape(text: str) -> str:
    return "".join(f"\\{char}" if char in r"*?[]\^" else char for char in text)
