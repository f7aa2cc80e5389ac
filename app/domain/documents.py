"""Documents, their chunks, and the collections that hold them."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from app.domain.reading import DocumentProperties, DocumentWarning

# Bytes in which files are read, sent and stored.
PIECE = 1024 * 1024

DEFAULT_SIZE = 200
# Tokens that a model's limit keeps for the headings above a chunk's text and for the model's own marks.
HEADROOM = 56


class DocumentStatus(StrEnum):
    """Where a document stands. `partial`: searchable, but some chunks have no embedding or a part was not read."""

    QUEUED = "queued"
    PROCESSING = "processing"
    READY = "ready"
    PARTIAL = "partial"
    FAILED = "failed"


class Stage(StrEnum):
    """The step that a document in `processing` is at."""

    LOAD = "load"
    SPLIT = "split"
    EMBED = "embed"
    STORE = "store"


@dataclass(frozen=True, slots=True)
class Document:
    """`title` and `author` are as the file states them; `document_date` too, else it is when it was uploaded."""

    id: UUID
    tenant: str
    collection: str
    filename: str
    media_type: str
    size_bytes: int
    sha256: str
    status: DocumentStatus
    stage: Stage | None
    chunk_count: int
    embedded_count: int
    failed_count: int
    reused_count: int
    error: str | None
    metadata: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime
    document_date: datetime
    title: str | None = None
    author: str | None = None
    warnings: tuple[DocumentWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class ChunkDraft:
    """A piece of a document before it is stored. `ordinal` counts from 0 within a version.

    `last_page`: the page that it ends on, if that is not `page`.
    """

    ordinal: int
    text: str
    token_count: int
    page: int | None
    section: str | None
    last_page: int | None = None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file's bytes, `size` of them, which come piece by piece each time that they are wanted."""

    size: int
    pieces: Callable[[], AsyncIterable[bytes]]


@dataclass(frozen=True, slots=True)
class ChunkPart:
    """Some of a document's chunks, in order. `last`: there are no more, and `warnings` are complete."""

    media_type: str
    chunks: Sequence[ChunkDraft]
    last: bool
    warnings: tuple[DocumentWarning, ...] = ()
    properties: DocumentProperties = field(default_factory=DocumentProperties)


@dataclass(frozen=True, slots=True)
class Chunk:
    id: int
    document_id: UUID
    filename: str
    version: int
    ordinal: int
    text: str
    token_count: int
    page: int | None
    section: str | None
    error: str | None = None
    last_page: int | None = None


@dataclass(frozen=True, slots=True)
class EmbeddingSpace:
    """One collection's vectors of one model; only vectors of one space can be compared.

    `digest` is the model server's digest, so a model that changed under its name is noticed.
    """

    id: int
    model: str
    digest: str
    dimension: int
    query_prefix: str = ""
    document_prefix: str = ""


@dataclass(frozen=True, slots=True)
class Chunking:
    """How the documents of a collection are cut, in tokens of its embedding `model`.

    `size` is the most that a chunk's own text takes, `overlap` what it repeats of the one before.
    """

    model: str = "all-minilm"
    size: int = DEFAULT_SIZE
    overlap: int = 0


def chunking_of(settings: Mapping[str, Any], model: str) -> Chunking:
    """The chunking of a collection with these settings and this model."""
    given = settings.get("chunking") or {}
    return Chunking(model, given.get("size", DEFAULT_SIZE), given.get("overlap", 0))


@dataclass(frozen=True, slots=True)
class Collection:
    """A set of documents.

    Attributes:
        statistics: the snapshot that lexical scores are computed from; None before the first one.
        readers, writers: who may read and change it besides admins, by group or `key:LABEL`; None for everybody of
            the tenant. Writers read as well.
    """

    id: int
    tenant: str
    name: str
    description: str
    language: str
    corpus_version: int
    space: EmbeddingSpace
    created_at: datetime
    updated_at: datetime
    settings: dict[str, Any] = field(default_factory=dict)
    statistics: int | None = None
    readers: tuple[str, ...] | None = None
    writers: tuple[str, ...] | None = None

    @property
    def chunking(self) -> Chunking:
        """How its documents are cut."""
        return chunking_of(self.settings, self.space.model)

    def searched_as(self, retrieval: Mapping[str, Any]) -> Self:
        """The collection with some of its retrieval settings replaced, for one question."""
        if not retrieval:
            return self
        changed = {**self.settings.get("retrieval", {}), **retrieval}
        return replace(self, settings={**self.settings, "retrieval": changed})


class ReindexStatus(StrEnum):
    """Where a move to another embedding model stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Reindex:
    """A collection's move to another embedding model. The counts are of chunks."""

    id: UUID
    embedding_model: str
    status: ReindexStatus
    chunk_count: int
    embedded_count: int
    failed_count: int
    error: str | None
    created_at: datetime
    updated_at: datetime

    @property
    def active(self) -> bool:
        return self.status in (ReindexStatus.QUEUED, ReindexStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class CollectionContents:
    """The contents of a collection at `as_of`: documents by status, and sizes. `index_bytes` are its graphs'."""

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


@dataclass(frozen=True, slots=True)
class CollectionStatistics:
    """A collection and its counts. `size_bytes` is the sum of the original files.

    `reindex` is its newest move to another model, also after that has ended; `contents` is the last refresh.
    """

    collection: Collection
    document_count: int
    chunk_count: int
    size_bytes: int
    reindex: Reindex | None = None
    contents: CollectionContents | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it arrived. `media_type` is the one that the sender declared, if any.

    `pieces` reads it from its start, `PIECE` bytes at a time.
    """

    filename: str
    size_bytes: int
    sha256: str
    pieces: Callable[[], AsyncIterator[bytes]]
    media_type: str | None = None


class OnConflict(StrEnum):
    """What an upload does where the collection has a document of the same name, but of other bytes or metadata.

    KEEP makes a document beside it, REPLACE makes its next version, REFUSE stores nothing of the upload.
    """

    KEEP = "keep"
    REPLACE = "replace"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class UploadResult:
    """A document after an upload.

    `unchanged`: it was in the collection already and nothing was done. `same_name`: other documents of its name.
    """

    document: Document
    unchanged: bool
    same_name: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """The original file of a document's newest version. `pieces` reads it from one byte up to another."""

    filename: str
    media_type: str
    sha256: str
    size_bytes: int
    pieces: Callable[[int, int], AsyncIterator[bytes]]
