"""The contract of a cache tier: what it stores, under which key, and for how long."""

from asyncio import Future
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class CacheKey:
    """Names one entry. `digest` (64 hex characters) alone identifies it; the rest says what to clear it by.

    `collection` is the collection's id, None for entries that rest on no corpus (embeddings).
    """

    digest: str
    namespace: str
    tenant: str
    collection: int | None
    partition: str


@dataclass(frozen=True, slots=True)
class EntryMetadata:
    """What an operator wants to know of an entry without opening it; only the last tier keeps it."""

    question: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    corpus_version: int | None = None


@dataclass(frozen=True, slots=True)
class StoredPayload(Generic[V]):
    """A stored value. `deadline` is when it expires, in seconds of this process's monotonic clock.

    `hits` is how often it was served so far, where that is known.

    A tier may keep an entry past its deadline, to be served when nothing better can be had.
    """

    value: V
    deadline: float
    hits: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which entries to clear; None means any. `digest` is how their digests begin."""

    namespace: str | None = None
    tenant: str | None = None
    collection: int | None = None
    digest: str = ""

    def covers(self, key: CacheKey) -> bool:
        return (
            self.namespace in (None, key.namespace)
            and self.tenant in (None, key.tenant)
            and self.collection in (None, key.collection)
            and key.digest.startswith(self.digest)
        )


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class TierUsage:
    """What one namespace holds in one tier. `evictions` is None where they are not counted by namespace."""

    entries: int = 0
    bytes: int = 0
    evictions: int | None = None


@dataclass(frozen=True, slots=True)
class BackendStats:
    """What a tier holds by namespace, and what it refused or dropped since it was made."""

    usage: Mapping[str, TierUsage]
    evictions: int = 0
    oversized: int = 0


@runtime_checkable
class FutureReads(Protocol[V]):
    """A tier that can begin a read without a task: a few hops of the event loop less."""

    def submit(self, key: CacheKey) -> Future[StoredPayload[V] | None]:
        """Begin a `get`. The future is the caller's own, who may settle it to stop waiting."""


class CacheBackend(Protocol[V]):
    """A tier. Redis and Postgres store bytes; memory stores decoded values under the same contract.

    Methods raise whatever their driver raises: the chain counts it and carries on without the tier.
    """

    @property
    def name(self) -> str: ...

    async def get(self, key: CacheKey) -> StoredPayload[V] | None:
        """Return the entry, or None if the tier does not hold it."""

    async def set(self, key: CacheKey, value: V, *, ttl: float, about: EntryMetadata) -> bool:
        """Store `value` for `ttl` seconds, replacing what was there. False: too large, and skipped."""

    async def delete(self, key: CacheKey) -> bool:
        """Remove the entry; whether there was one."""

    async def clear(self, scope: Scope) -> int:
        """Remove the entries in `scope`; how many there were."""

    async def stats(self) -> BackendStats:
        """Count what is held. May read the whole tier: for operators, not for the request path."""

    async def close(self) -> None:
        """Give back what the tier took for itself. What was passed to it stays open."""
