"""The cache as operators see it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from app.api.schemas.cache_examples import CLEAR, CLEARED, ENTRY, EXAMINED, STATS
from app.api.schemas.common import CollectionName, RequestModel, View, shown_as
from app.cache.admin import Refusal, TierEntry, refusal_of
from app.cache.entry import CacheEntry
from app.cache.evidence import Freshness
from app.services.cache_ops.admin import ExaminedEntry, ListedEntry

Namespace = Literal["embedding", "retrieval", "answer"]
Tier = Literal["l1", "l2", "l3"]
EntryKey = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$"), Field(examples=["0f" * 32])]

Share = Annotated[float | None, Field(description="From 0 to 1; null before the first lookup")]


class LatencyView(View):
    """Latencies of hits in milliseconds, exact to an eighth; null before the first hit."""

    p50: float | None
    p99: float | None


class UseView(View):
    """`stale`: entries found that may not be served any more. `skipped`: lookups that an open breaker prevented.
    `refused`: payloads that were not opened. `evictions`: null where they are not counted.
    """

    entries: int
    bytes: int
    hits: int
    misses: int
    hit_rate: Share
    evictions: int | None
    errors: int
    stale: int
    skipped: int
    refused: int
    invalidations: int
    latency_ms: LatencyView


class TierView(UseView):
    """`oversized`: values too large to keep. `available`: whether the tier answers."""

    available: bool
    oversized: int | None
    namespaces: dict[str, UseView]


class NamespaceView(View):
    """Outcomes of requests in all tiers. `carried`: entries proven fresh after a change of documents."""

    requests: int
    hits: int
    misses: int
    hit_rate: Share
    bypassed: int
    coalesced: int
    carried: int
    served_stale: int
    refreshed: int
    dropped: int
    seconds_saved: float
    tokens_saved: int


class CacheStatsView(View):
    """Counters and latencies are of the process that answered this request, since it began; `replica` names it.

    `entries` and `bytes` of l1 are its own too, those of l2 and l3 everybody's.
    """

    model_config = shown_as(STATS)

    replica: str = Field(examples=["api-7d9f:17"])
    since: datetime
    tiers: dict[str, TierView]
    namespaces: dict[str, NamespaceView]
    coalesced: int = Field(description="Requests that joined a computation under way")
    invalidations: int = Field(description="Entries made stale by a change of documents, and payloads refused")
    seconds_saved: float = Field(description="Seconds that it took to compute the results of the hits")
    tokens_saved: int


class EntryView(View):
    """An entry of L3, without its result, which can be large."""

    model_config = shown_as(ENTRY)

    key: EntryKey
    namespace: str
    collection: str | None
    question: str
    parameters: dict[str, Any]
    metadata: dict[str, Any]
    hit_count: int
    created_at: datetime
    expires_at: datetime
    last_accessed_at: datetime
    corpus_version: int | None
    size_bytes: int
    pinned: bool

    @classmethod
    def of(cls, listed: ListedEntry) -> Self:
        entry = listed.entry
        return cls(
            key=entry.key.digest,
            namespace=entry.key.namespace,
            collection=listed.collection,
            question=entry.question,
            parameters=entry.parameters,
            metadata=entry.metadata,
            hit_count=entry.hit_count,
            created_at=entry.created_at,
            expires_at=entry.expires_at,
            last_accessed_at=entry.last_accessed_at,
            corpus_version=entry.corpus_version,
            size_bytes=entry.size_bytes,
            pinned=entry.pinned,
        )


class HoldingView(View):
    """One tier's copy of the entry. l1 is the memory of the process that answers this request."""

    tier: str = Field(examples=["l1"])
    available: bool
    held: bool
    refusal: Refusal | None = Field(description="Why its payload cannot be opened; it is removed at the next read")
    age_seconds: float | None
    expires_at: datetime | None
    corpus_version: int | None
    size_bytes: int | None

    @classmethod
    def of(cls, holding: TierEntry, now: datetime) -> Self:
        record = holding.record if isinstance(holding.record, CacheEntry) else None
        left = timedelta(seconds=holding.deadline - monotonic())
        return cls(
            tier=holding.tier,
            available=holding.available,
            held=holding.record is not None,
            refusal=refusal_of(holding),
            age_seconds=None if record is None else max(0.0, now.timestamp() - record.created),
            expires_at=None if holding.record is None else now + left,
            corpus_version=None if record is None else record.corpus_version,
            size_bytes=None if record is None else record.size,
        )


class RestedDocumentView(View):
    """A document, its version at that time, and its passages that were candidates."""

    document_id: UUID
    filename: str
    version: int
    chunks: Sequence[int]


class RestsOnView(View):
    """The evidence of the entry: a change of these passages, or a new one that is good enough, makes it stale."""

    corpus_version: int
    chunks: int = Field(description="Number of passages that were candidates")
    documents: list[RestedDocumentView]
    filters: dict[str, Any]


class ExaminedEntryView(View):
    """An entry in every tier. `standing`: whether it may be served now; null if no tier holds a readable copy."""

    model_config = shown_as(EXAMINED)

    key: EntryKey
    namespace: str
    collection: str | None
    standing: Freshness | None
    computed_in_seconds: float | None
    tokens: int | None = Field(description="Tokens that one hit saves")
    tiers: list[HoldingView]
    rests_on: RestsOnView | None = Field(
        description="Null for an entry that rests on no documents, such as an embedding"
    )
    entry: EntryView | None = Field(description="The row of L3, null if it has none")

    @classmethod
    def of(cls, examined: ExaminedEntry) -> Self:
        details, now = examined.details, datetime.now(UTC)
        record, row = details.record, details.entry
        return cls(
            key=details.key.digest,
            namespace=details.key.namespace,
            collection=examined.collection,
            standing=details.freshness,
            computed_in_seconds=None if record is None else record.seconds,
            tokens=None if record is None else record.tokens,
            tiers=[HoldingView.of(each, now) for each in details.copies],
            rests_on=_rests_on(examined),
            entry=None if row is None else EntryView.of(ListedEntry(row, examined.collection)),
        )


class ClearRequest(RequestModel):
    """The entries to remove. A field that is not given matches all."""

    model_config = shown_as(*CLEAR)

    tier: Tier | None = None
    collection: CollectionName | None = None
    namespace: Namespace | None = None


class ClearedView(View):
    model_config = shown_as(CLEARED)

    removed: int = Field(description="Entries removed from the cleared tier that had most of them")


def _rests_on(examined: ExaminedEntry) -> RestsOnView | None:
    record = examined.details.record
    if record is None or record.evidence is None:
        return None
    return RestsOnView(
        corpus_version=record.evidence.corpus_version,
        chunks=len(record.evidence.chunks),
        documents=[RestedDocumentView.model_validate(each) for each in examined.documents],
        filters=dict(record.evidence.filters),
    )
