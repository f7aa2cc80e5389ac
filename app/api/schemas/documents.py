"""Documents and collections as clients see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field

from app.api.schemas.common import AnswerSettings, CollectionName, Metadata, ModelName, RequestModel, Text, View
from app.api.uploads.forms import RefusedFile
from app.domain.documents import CollectionStatistics, DocumentStatus, ReindexStatus, Stage, UploadResult
from app.domain.reading import WarningKind

_YEAR = 365 * 86_400.0
_MOST_ENTRIES = 10_000_000
_MOST_BYTES = 1 << 50


class WarningView(View):
    """A part of a file that was not read, or was guessed. `where` is a page, a sheet, a cell or an attachment."""

    kind: WarningKind
    message: str = Field(examples=["The page holds no text."])
    where: str | None = Field(examples=["pages 2-5"])
    missing: bool = Field(description="Whether text of the file cannot be found; the document is then `partial`")


class DocumentView(View):
    """A document and the progress of its ingestion.

    `partial`: searchable, but some chunks have no embedding, or a part of the file was not read (see `warnings`).
    """

    id: UUID
    collection: str = Field(examples=["default"])
    filename: str = Field(examples=["handbook.pdf"])
    media_type: str = Field(examples=["application/pdf"])
    size_bytes: int
    sha256: str
    status: DocumentStatus
    stage: Stage | None
    chunk_count: int
    embedded_count: int
    failed_count: int
    reused_count: int
    error: str | None = Field(description="The reason of a failure, or the missing part")
    metadata: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime
    document_date: datetime = Field(description="The date that the file states, else that of its upload")
    title: str | None = Field(description="As the file states it", examples=["Employee handbook"])
    author: str | None = Field(description="As the file states it")
    warnings: list[WarningView]


class DocumentChange(RequestModel):
    """Fields to change; the others stay."""

    filename: Text | None = Field(
        default=None, min_length=1, description="Another name; the content stays", examples=["handbook-2026.pdf"]
    )
    metadata: Metadata | None = Field(
        default=None, description="In place of the whole of it", examples=[{"year": 2026}]
    )


class UploadView(DocumentView):
    """A document after an upload.

    `unchanged`: the collection has a document of this name and these bytes already; nothing was done.
    """

    status: DocumentStatus | Literal["unchanged"]  # type: ignore[assignment]
    same_name: list[UUID] = Field(
        default_factory=list,
        description="Other documents of the collection with this name; `on_conflict=replace` would have made this "
        "file a version of the newest",
    )

    @classmethod
    def of(cls, result: UploadResult) -> Self:
        view = cls.model_validate(result.document)
        changed: dict[str, Any] = {"same_name": list(result.same_name)}
        return view.model_copy(update=changed | ({"status": "unchanged"} if result.unchanged else {}))


class RefusedView(View):
    """A file of the form that was not stored. `position` counts its files from 0."""

    position: int
    filename: str
    detail: str = Field(description="The reason")


class UploadsView(View):
    """`items` are the stored files in the order of the form, without those in `refused`."""

    items: list[UploadView]
    refused: list[RefusedView] = Field(description="Files whose name cannot be stored")

    @classmethod
    def of(cls, results: Sequence[UploadResult], refused: Sequence[RefusedFile]) -> Self:
        return cls(
            items=[UploadView.of(result) for result in results],
            refused=[RefusedView.model_validate(each) for each in refused],
        )


class ChunkView(View):
    """A passage of a document. `page` counts from 1; `error` says why it has no embedding.

    `last_page` is given if the passage ends on a later page than it begins on.
    """

    id: int
    document_id: UUID
    filename: str
    version: int
    ordinal: int
    text: str
    token_count: int
    page: int | None
    section: str | None
    error: str | None
    last_page: int | None


class ReindexView(View):
    """A collection's move to another embedding model, counted in chunks. Questions use the old one until `done`."""

    embedding_model: str = Field(examples=["nomic-embed-text"])
    status: ReindexStatus
    chunk_count: int
    embedded_count: int
    failed_count: int
    error: str | None = Field(description="The reason of a failure or of a wait")
    created_at: datetime
    updated_at: datetime


class CollectionContentsView(View):
    """Documents by status, and sizes in bytes, as of the last refresh at `as_of`."""

    as_of: datetime
    queued: int
    processing: int
    ready: int
    partial: int
    failed: int
    failed_chunks: int
    tokens: int
    text_bytes: int
    vector_bytes: int
    index_bytes: int


class CollectionView(View):
    """A collection and its counts. `size_bytes` is the sum of the original files."""

    name: str = Field(examples=["default"])
    description: str
    settings: dict[str, Any] = Field(examples=[{"cache": {"ttl": 3600, "max_entries": 1000}}])
    language: str = Field(examples=["english"])
    embedding_model: str = Field(examples=["all-minilm"])
    dimension: int = Field(examples=[384])
    corpus_version: int = Field(description="Grows with every change of the collection's documents")
    document_count: int
    chunk_count: int
    size_bytes: int
    reindex: ReindexView | None = Field(description="The newest move to another embedding model, if any")
    contents: CollectionContentsView | None = Field(description="Null before the first refresh")
    readers: list[str] | None = Field(description="Who may read it besides writers and admins; null for everybody")
    writers: list[str] | None = Field(description="Who may change it besides admins; null for all who may read it")
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, found: CollectionStatistics) -> Self:
        collection = found.collection
        return cls(
            name=collection.name,
            description=collection.description,
            settings=dict(collection.settings),
            language=collection.language,
            embedding_model=collection.space.model,
            dimension=collection.space.dimension,
            corpus_version=collection.corpus_version,
            document_count=found.document_count,
            chunk_count=found.chunk_count,
            size_bytes=found.size_bytes,
            contents=CollectionContentsView.model_validate(found.contents) if found.contents else None,
            reindex=ReindexView.model_validate(found.reindex) if found.reindex else None,
            readers=None if collection.readers is None else list(collection.readers),
            writers=None if collection.writers is None else list(collection.writers),
            created_at=collection.created_at,
            updated_at=collection.updated_at,
        )


class CollectionCreation(RequestModel):
    name: CollectionName = Field(examples=["handbooks"])
    description: Text = Field(default="", max_length=2000)
    language: Text = Field(
        default="english", max_length=63, description="A Postgres text search configuration", examples=["german"]
    )
    embedding_model: ModelName | None = Field(default=None, description="Default: the service's EMBEDDING_MODEL")


class CacheSettings(RequestModel):
    """The collection's limits on the cache. Without one, only the service's own settings apply."""

    ttl: float | None = Field(
        default=None,
        ge=1,
        le=_YEAR,
        description="Seconds for which a result may be used, from its computation on",
        examples=[3600],
    )
    max_entries: int | None = Field(
        default=None,
        ge=1,
        le=_MOST_ENTRIES,
        description="Results that L3 keeps at most, pinned ones included; the longest unused go first",
        examples=[1000],
    )
    max_bytes: int | None = Field(
        default=None, ge=1, le=_MOST_BYTES, description="Bytes that they take in L3 at most", examples=[64 * 2**20]
    )


class RetrievalSettings(RequestModel):
    """The collection's ranking. A field that is not given has the service's default."""

    lexical_weight: float | None = Field(
        default=None, ge=0, le=1, description="Weight of words beside meaning; default 0.45", examples=[0.3]
    )
    repeat_penalty: float | None = Field(
        default=None,
        ge=0,
        le=100,
        description="Deviations of the scores by which each further passage of one document must be better: 0.75",
    )
    reranker: Literal["none", "proximity", "cross_encoder"] | None = Field(
        default=None,
        description="`cross_encoder` reads the ten best passages again (RERANK_MODEL, RERANK_TIMEOUT); `proximity` "
        "raises those in which the question's words stand together",
    )
    ef_search: int | None = Field(
        default=None, ge=1, le=1000, description="Candidates in the vectors' graph; 100; see `localchat tune`"
    )


class ChunkingSettings(RequestModel):
    """How documents are cut, in tokens of the collection's own model. A change cuts all again, without downtime."""

    size: int | None = Field(
        default=None,
        ge=32,
        le=32_768,
        description="The most that a chunk's own text takes; default 200. The largest is the model's limit less 56 "
        "for headings above the text",
        examples=[200],
    )
    overlap: int | None = Field(
        default=None,
        ge=0,
        le=16_384,
        description="What a chunk repeats of the end of the one before, at most half of the size; default 0",
        examples=[20],
    )


class CollectionSettings(RequestModel):
    """A given part replaces the stored one as a whole: an empty `cache` lifts its limits."""

    cache: CacheSettings | None = None
    retrieval: RetrievalSettings | None = None
    answer: AnswerSettings | None = None
    chunking: ChunkingSettings | None = None


class CollectionChange(RequestModel):
    """Fields to change; the others stay."""

    name: CollectionName | None = None
    description: Text | None = Field(default=None, max_length=2000)
    settings: CollectionSettings | None = None


class ReindexRequest(RequestModel):
    embedding_model: ModelName = Field(examples=["nomic-embed-text"])
