"""The contract of a cache tier: keys, stored values, scopes, and the methods of a backend."""

from asyncio import Future
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class CacheKey:
    """Names one entry. `digest` (64 hex characters) alone identifies it; the others are for clearing by scope.

    `collection` is the collection's id, None for entries that rest on no corpus (embeddings).
    """

    digest: str
    namespace: str
    tenant: str
    collection: int | None
    partition: str


@dataclass(frozen=True, slots=True)
class EntryMetadata:
    """Facts about an entry for operators, readable without opening it. Only the last tier keeps them.

    `created`: when the result was computed, in epoch seconds; None: now.
    """

    question: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    corpus_version: int | None = None
    created: float | None = None


@dataclass(frozen=True, slots=True)
class StoredPayload(Generic[V]):
    """A stored value. `deadline` is its expiry, in seconds of this process's monotonic clock.

    `hits` is how often it was served so far, where that is known. A tier may keep an entry past its deadline, in
    case the pipeline fails.
    """

    value: V
    deadline: float
    hits: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Entries to clear; None means any. `digest` is the beginning of their digests."""

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
    """Entries and bytes of one namespace in one tier. `evictions` is None where namespaces are not told apart."""

    entries: int = 0
    bytes: int = 0
    evictions: int | None = None


@dataclass(frozen=True, slots=True)
class BackendStats:
    """The contents of a tier by namespace, and how many values it refused or evicted since it was made."""

    usage: Mapping[str, TierUsage]
    evictions: int = 0
    oversized: int = 0


@runtime_checkable
class FutureReads(Protocol[V]):
    """A tier that can begin a read without a task, which saves a few turns of the event loop."""

    def submit(self, key: CacheKey) -> Future[StoredPayload[V] | None]:
        """Begin a `get`. The caller owns the future and may complete it to stop waiting."""


class CacheBackend(Protocol[V]):
    """A tier. Redis and Postgres store bytes; memory stores decoded values under the same contract.

    Methods raise their driver's errors: the chain counts an error and goes on without the tier.
    """

    @property
    def name(self) -> str: ...

    async def get(self, key: CacheKey) -> StoredPayload[V] | None:
        """Return the entry, or None if the tier does not hold it."""

    async def set(self, key: CacheKey, value: V, *, ttl: float, about: EntryMetadata) -> bool:
        """Store `value` for `ttl` seconds in place of an older one. False: it is too large and was skipped."""

    async def delete(self, key: CacheKey) -> bool:
        """Remove the entry and return whether there was one."""

    async def clear(self, scope: Scope) -> int:
        """Remove the entries in `scope` and return their number."""

    async def stats(self) -> BackendStats:
        """Count the contents. This may read the whole tier, so it is for operators and not for the request path."""

    async def close(self) -> None:
        """Release resources that the tier made. Clients that were passed to it stay open."""
