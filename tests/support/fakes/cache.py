"""The cache as the routes see it, in memory."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from typing_extensions import override

from app.cache.admin import EntryDetails
from app.cache.backend import BackendStats, CacheKey, TierUsage
from app.cache.backends.guarded import TierEntry
from app.cache.codec.envelope import Refusal
from app.cache.entry import CacheEntry
from app.cache.evidence import Evidence, Freshness
from app.cache.postgres.catalog import CatalogEntry
from app.cache.report import report
from app.cache.stats import CacheStats
from app.db.search.passages import PassagesOfDocument
from app.errors import InvalidInput, LocalChatError, NotFound
from app.services.cache_ops.admin import CacheService, ExaminedEntry, ListedEntry
from app.services.pagination import Page

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
KEY = "0a" * 32


def entry_of(digest: str, *, pinned: bool = False) -> CatalogEntry:
    return CatalogEntry(
        id=3,
        key=CacheKey(digest, "answer", "default", 1, "b" * 64),
        question="How many days of leave are there?",
        parameters={"retrieval": {"top_k": 5}},
        metadata={"chat_model": "smollm2:135m"},
        hit_count=4,
        created_at=NOW,
        expires_at=NOW + timedelta(days=1),
        last_accessed_at=NOW,
        corpus_version=4,
        size_bytes=900,
        pinned=pinned,
    )


class FakeCache(CacheService):
    """Has an entry under every key that does not begin with f. Notes what it was asked to do."""

    def __init__(self, error: LocalChatError | None = None) -> None:
        self.error = error
        self.done: list[tuple[Any, ...]] = []

    @override
    async def stats(self) -> dict[str, Any]:
        stats = CacheStats()
        stats.hit("l1", "answer", 400)
        stats.miss("l2", "answer")
        counters = stats.of("answer")
        counters.requests, counters.misses, counters.seconds_saved, counters.tokens_saved = 3, 1, 2.5, 400
        held = {"answer": TierUsage(1, 900, 0)}
        return report(stats, {"l1": BackendStats(held), "l2": BackendStats({}), "l3": None})

    @override
    async def top(self, tenant: str, *, limit: int, namespace: str | None = None) -> list[ListedEntry]:
        self._note("top", limit, namespace)
        return [ListedEntry(entry_of(KEY), "default")]

    @override
    async def entries(
        self,
        tenant: str,
        *,
        text: str = "",
        namespace: str | None = None,
        collection: str | None = None,
        limit: int,
        cursor: str | None = None,
    ) -> Page[ListedEntry]:
        self._note("entries", limit, {"text": text, "namespace": namespace, "collection": collection})
        if cursor is not None and not cursor.isdigit():
            raise InvalidInput("cursor: no list returned this one.")
        if collection not in {None, "default"}:
            raise NotFound("There is no such collection.")
        return Page((ListedEntry(entry_of(KEY), "default"),), "3")

    @override
    async def entry(self, tenant: str, key: str, *, pinned: bool = False) -> ExaminedEntry:
        self._find(key)
        row = entry_of(key, pinned=pinned)
        rests_on = Evidence(4, chunks=(7, 8), documents=(str(UUID(int=1)),), filters={"year": 2026})
        record = CacheEntry({"events": []}, rests_on, NOW.timestamp(), NOW.timestamp() + 60, 2.5, 100, 900)
        copies = [
            TierEntry("l1", record, time.monotonic() + 60),
            TierEntry("l2", available=False),
            TierEntry("l3", Refusal.SIGNATURE, time.monotonic() + 60),
        ]
        documents = (PassagesOfDocument(UUID(int=1), "handbook.pdf", 1, (7, 8)),)
        return ExaminedEntry(EntryDetails(row.key, row, copies, record, Freshness.FRESH), "default", documents)

    @override
    async def delete(self, tenant: str, key: str) -> None:
        self._find(key)
        self._note("delete", key)

    @override
    async def pin(self, tenant: str, key: str, *, pinned: bool) -> ExaminedEntry:
        self._note("pin", key, pinned)
        return await self.entry(tenant, key, pinned=pinned)

    @override
    async def clear(self, tenant: str, **which: Any) -> int:
        self._note("clear", which)
        if which["collection"] not in {None, "default"}:
            raise NotFound("There is no such collection.")
        return 7

    @override
    async def clear_expired(self) -> int:
        self._note("clear-expired")
        return 2

    def _note(self, *what: Any) -> None:
        if self.error is not None:
            raise self.error
        self.done.append(what)

    def _find(self, key: str) -> None:
        if key.startswith("f"):
            raise NotFound(f"The cache has no entry {key}.")
