"""Fills collections without the ingestion, with embeddings that need no model."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np

from app.db.database import Database, PooledConnection
from app.db.search import lexical_index, spaces
from app.db.tables import chunks, collections, documents
from app.domain.documents import ChunkDraft, Collection
from app.domain.reading import DocumentProperties, names_of
from app.domain.retrieval import Vector
from app.errors import NotFound

DIMENSION = 32
TENANT = "default"


@dataclass(frozen=True, slots=True)
class Page:
    """A document of some chunks; `sections` are their headings, if they have any."""

    filename: str
    texts: Sequence[str]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    sections: Sequence[str | None] = ()


def embed(text: str) -> Vector:
    """A unit vector in which texts that share words are near each other."""
    total = np.zeros(DIMENSION, dtype=np.float32)
    for word in text.lower().split() or [""]:
        seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
        total += np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
    return total / np.float32(np.linalg.norm(total))


async def embed_query(collection: Collection, text: str) -> Vector:
    assert collection.space.dimension == DIMENSION
    return embed(text)


class StoredCollections:
    """What a search needs of the collection service."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def resolve(self, tenant: str, name: str) -> Collection:
        async with self._database.connection() as connection:
            found = await collections.find(connection, tenant, name)
        if found is None:
            raise NotFound(f"There is no collection called {name!r}.")
        return found


async def make_collection(
    database: Database, name: str, pages: Sequence[Page], *, language: str = "english"
) -> Collection:
    """A collection whose pages are visible and whose statistics are taken."""
    async with database.transaction() as connection:
        collection_id = await collections.insert(connection, TENANT, name, description="", language=language)
        assert collection_id is not None
        space = await spaces.create(
            connection,
            collection_id,
            model="words",
            digest="words",
            dimension=DIMENSION,
            query_prefix="",
            document_prefix="",
        )
        await collections.use_space(connection, collection_id, space.id)
        for page in pages:
            await add_page(connection, collection_id, space.id, page, language=language)
        await lexical_index.refresh_statistics(connection, collection_id)
    return await StoredCollections(database).resolve(TENANT, name)


async def add_page(
    connection: PooledConnection,
    collection_id: int,
    space_id: int,
    page: Page,
    *,
    language: str = "english",
    visible: bool = True,
) -> UUID:
    """One document; not `visible` as while it is still being ingested."""
    document_id: UUID = await connection.fetchval(
        """INSERT INTO documents (tenant, collection_id, filename, media_type, size_bytes, sha256, status, metadata,
            chunk_count, active_version)
        VALUES ($1, $2, $3, 'text/plain', 1, $4, 'ready', $5, $6, $7) RETURNING id""",
        TENANT,
        collection_id,
        page.filename,
        hashlib.sha256(f"{page.filename}{page.texts}".encode()).hexdigest(),
        dict(page.metadata),
        len(page.texts),
        1 if visible else None,
    )
    await documents.add_version(connection, document_id)
    sections = page.sections or [None] * len(page.texts)
    drafts = [
        (ChunkDraft(ordinal, text, len(text.split()), None, section), hashlib.sha256(text.encode()).digest())
        for ordinal, (text, section) in enumerate(zip(page.texts, sections, strict=True))
    ]
    await chunks.insert(
        connection,
        tenant=TENANT,
        collection_id=collection_id,
        language=language,
        document_id=document_id,
        version=1,
        drafts=drafts,
        names=names_of(page.filename, DocumentProperties(), page.metadata),
    )
    stored = await connection.fetch(
        "SELECT id, text FROM chunks WHERE document_id = $1 ORDER BY ordinal", document_id
    )
    vectors = [(row["id"], embed(row["text"])) for row in stored]
    await spaces.insert_vectors(connection, space_id, document_id, 1, vectors)
    return document_id
