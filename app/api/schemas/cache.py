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

Share = Annotated[float | None, Field(description="From 0 to 1; null before the first look")]


class LatencyView(View):
    """Of hits, in milliseconds, exact to an eighth; null before the first."""

    p50: float | None
    p99: float | None


class UseView(View):
    """`stale`: entries that were found and could not be served any more. `skipped`: looks that the breaker saved.
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
    """`oversized`: values that were too large to keep. `available`: whether it says what it holds."""

    available: bool
    oversized: int | None
    namespaces: dict[str, UseView]


class NamespaceView(View):
    """What requests met, whichever tier answered. `carried`: entries proven fresh after a change of documents."""

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
    """Counters and latencies are those of the one process that answered, since it began; `replica` names it.

    `entries` and `bytes` of l1 are its own too, those of l2 and l3 everybody's.
    """

    model_config = shown_as(STATS)

    replica: str = Field(examples=["api-7d9f:17"])
    since: datetime
    tiers: dict[str, TierView]
    namespaces: dict[str, NamespaceView]
    coalesced: int = Field(description="Requests that joined a computation under way")
    invalidations: int = Field(description="Entries that a change of documents made unfit, and payloads refused")
    seconds_saved: float = Field(description="What computing the hits took when it was done")
    tokens_saved: int


class EntryView(View):
    """An entry of L3. The list has no results, which can be large."""

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
    """What one tier has of the entry. l1 is the memory of the process that answered."""

    tier: str = Field(examples=["l1"])
    available: bool
    held: bool
    refusal: Refusal | None = Field(description="Why its payload cannot be opened, and will be removed when read")
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
    """A document with the passages of it that were candidates, and its version then."""

    document_id: UUID
    filename: str
    version: int
    chunks: Sequence[int]


class RestsOnView(View):
    """What a change of would make the entry be computed anew: these passages, and any new one good enough."""

    corpus_version: int
    chunks: int = Field(description="How many passages were candidates")
    documents: list[RestedDocumentView]
    filters: dict[str, Any]


class ExaminedEntryView(View):
    """An entry in every tier. `standing`: whether it may be served now; null if no tier holds one to judge."""

    model_config = shown_as(EXAMINED)

    key: EntryKey
    namespace: str
    collection: str | None
    standing: Freshness | None
    computed_in_seconds: float | None
    tokens: int | None = Field(description="What one hit saves")
    tiers: list[HoldingView]
    rests_on: RestsOnView | None = Field(description="Null for what rests on no corpus, such as an embedding")
    entry: EntryView | None = Field(description="The row of L3, null if it has none")

    @classmethod
    def of(cls, examined: ExaminedEntry) -> Self:
        details, now = examined.details, datetime.now(UTC)
        record, row = details.record, details.entry
        return cls(
            key=details.key.digest,
            namespace=details.key.namespace,
            collection=examined.collection,
            standing=details.standing,
            computed_in_seconds=None if record is None else record.seconds,
            tokens=None if record is None else record.tokens,
            tiers=[HoldingView.of(each, now) for each in details.holdings],
            rests_on=_rests_on(examined),
            entry=None if row is None else EntryView.of(ListedEntry(row, examined.collection)),
        )


class ClearRequest(RequestModel):
    """What to remove. Whatever is not given is any."""

    model_config = shown_as(*CLEAR)

    tier: Tier | None = None
    collection: CollectionName | None = None
    namespace: Namespace | None = None


class ClearedView(View):
    model_config = shown_as(CLEARED)

    removed: int = Field(description="Entries that the fullest of the cleared tiers gave up")


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
