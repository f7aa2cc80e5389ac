"""Verdicts on answers, and the hits by meaning that verdicts are about."""

from uuid import UUID

from app.db.database import PooledConnection
from app.domain.conversations import GivenVerdict
from app.domain.retrieval import ServedMatch

_REMEMBER_PAIR = """
WITH remembered AS (
    INSERT INTO semantic_negatives (tenant, partition, query_text, matched_query, similarity, query_id)
    VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING query_text, matched_query, similarity
)
INSERT INTO semantic_labels (segment, query_text, matched_query, similarity, correct, served, source)
SELECT segment, query_text, matched_query, similarity, false, true, 'person'
FROM remembered, semantic_segments WHERE segment = $7
"""


async def insert(connection: PooledConnection, tenant: str, query_id: UUID, verdict: str, comment: str) -> UUID:
    stored: UUID = await connection.fetchval(
        "INSERT INTO feedback (tenant, query_id, verdict, comment) VALUES ($1, $2, $3, $4) RETURNING id",
        tenant,
        query_id,
        verdict,
        comment,
    )
    return stored


async def page(
    connection: PooledConnection, tenant: str, *, verdict: str | None, before: UUID | None, limit: int
) -> list[GivenVerdict]:
    """Verdicts, the newest first, those given before the one with the id `before`."""
    rows = await connection.fetch(
        """SELECT given.id, given.query_id, given.verdict, given.comment, given.created_at,
            asked.content AS question, answered.content AS answer, asked.conversation_id
        FROM feedback given
        LEFT JOIN LATERAL (
            SELECT content, conversation_id FROM messages
            WHERE query_id = given.query_id AND tenant = given.tenant AND role = 'user' ORDER BY id LIMIT 1
        ) asked ON true
        LEFT JOIN LATERAL (
            SELECT content FROM messages
            WHERE conversation_id = asked.conversation_id AND query_id = given.query_id AND role = 'assistant'
            ORDER BY id LIMIT 1
        ) answered ON true
        WHERE given.tenant = $1 AND ($2::text IS NULL OR given.verdict = $2)
          AND ($3::uuid IS NULL OR given.id < $3)
        ORDER BY given.id DESC LIMIT $4""",
        tenant,
        verdict,
        before,
        limit,
    )
    return [GivenVerdict(**dict(row)) for row in rows]


async def find_match(connection: PooledConnection, tenant: str, query_id: UUID) -> ServedMatch | None:
    row = await connection.fetchrow(
        """SELECT query_id, tenant, partition, cache_key, query_text, matched_query, similarity, segment
        FROM semantic_matches WHERE query_id = $1 AND tenant = $2""",
        query_id,
        tenant,
    )
    return ServedMatch(**dict(row)) if row else None


async def remember_pair(connection: PooledConnection, match: ServedMatch) -> None:
    """Keep two questions apart from now on, and count that as a false hit, if neither was done before."""
    await connection.execute(
        _REMEMBER_PAIR,
        match.tenant,
        match.partition,
        match.query_text,
        match.matched_query,
        match.similarity,
        match.query_id,
        match.segment,
    )
