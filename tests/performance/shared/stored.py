"""An evaluation collection, stored as ingestion stores documents."""

import hashlib

from app.db.database import Database
from app.db.search import lexical_index, spaces
from app.db.tables import chunks
from app.db.tables.documents import add_version
from app.domain.retrieval import Vector
from tests.performance.shared.database import empty_collection
from tests.performance.shared.evaluation import Embeddings, EvaluationSet
from tests.support.corpus import TENANT


async def vectors_of(data: EvaluationSet, embeddings: Embeddings | None) -> list[Vector]:
    texts = [passage.embedded for page in data.pages.values() for passage in page]
    return await embeddings.embed(texts) if embeddings else []


async def store(database: Database, data: EvaluationSet, vectors: list[Vector]) -> dict[int, str]:
    """Fill a collection. Returns each chunk's document id, in the order of the vectors."""
    documents: dict[int, str] = {}
    collection_id, space_id = await empty_collection(database, data.name, data.language)
    async with database.transaction() as connection:
        waiting = iter(vectors)
        for page, passages in data.pages.items():
            document_id = await connection.fetchval(
                """INSERT INTO documents (collection_id, filename, media_type, size_bytes, sha256, status,
                    chunk_count, active_version)
                VALUES ($1, $2, 'text/plain', 1, $2, 'ready', $3, 1) RETURNING id""",
                collection_id,
                page,
                len(passages),
            )
            await add_version(connection, document_id)
            await chunks.insert(
                connection,
                tenant=TENANT,
                collection_id=collection_id,
                language=data.language,
                document_id=document_id,
                version=1,
                drafts=[(one.draft, hashlib.sha256(one.embedded.encode()).digest()) for one in passages],
                names=data.names.get(page, ""),
            )
            rows = await connection.fetch(
                "SELECT id FROM chunks WHERE document_id = $1 ORDER BY ordinal", document_id
            )
            documents |= {row["id"]: page for row in rows}
            if vectors:
                pairs = [(row["id"], next(waiting)) for row in rows]
                await spaces.insert_vectors(connection, space_id, document_id, 1, pairs)
        await lexical_index.refresh_statistics(connection, collection_id)
        await connection.execute(f"ANALYZE documents, chunks, lexeme_statistics, {spaces.vectors_table(space_id)}")
    return documents
