"""A tier that is switched off."""

from typing import Any

from app.cache.backend import BackendStats, CacheKey, EntryMetadata, Scope, StoredPayload


class NullCache:
    """Holds nothing, so that the chain needs no special case for a missing tier."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def get(self, key: CacheKey) -> StoredPayload[Any] | None:  # noqa: ARG002
        return None

    async def set(self, key: CacheKey, value: Any, *, ttl: float, about: EntryMetadata) -> bool:  # noqa: ARG002
        return False

    async def delete(self, key: CacheKey) -> bool:  # noqa: ARG002
        return False

    async def clear(self, scope: Scope) -> int:  # noqa: ARG002
        return 0

    async def stats(self) -> BackendStats:
        return BackendStats(usage={})

    async def close(self) -> None:
        return None
