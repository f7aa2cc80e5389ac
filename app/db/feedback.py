"""Verdicts on answers, and what a verdict on a hit by meaning needs."""

from dataclasses import dataclass
from uuid import UUID

from app.db.database import PooledConnection

_REMEMBER_PAIR = """
INSERT INTO semantic_negatives (tenant, partition, query_text, matched_query, similarity, query_id)
VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class SemanticMatch:
    """A question that got another's result: within which partition, from which entry."""

    query_id: UUID
    tenant: str
    partition: str
    cache_key: str
    query_text: str
    matched_query: str
    similarity: float | None = None


async def insert(connection: PooledConnection, tenant: str, query_id: UUID, verdict: str, comment: str) -> UUID:
    stored: UUID = await connection.fetchval(
        "INSERT INTO feedback (tenant, query_id, verdict, comment) VALUES ($1, $2, $3, $4) RETURNING id",
        tenant,
        query_id,
        verdict,
        comment,
    )
    return stored


async def insert_match(connection: PooledConnection, match: SemanticMatch) -> None:
    """Write down a hit by meaning as it is served, so that a verdict can be traced to it on any replica."""
    await connection.execute(
        """INSERT INTO semantic_matches
        (query_id, tenant, partition, cache_key, query_text, matched_query, similarity)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING""",
        match.query_id,
        match.tenant,
        match.partition,
        match.cache_key,
        match.query_text,
        match.matched_query,
        match.similarity,
    )


async def find_match(connection: PooledConnection, tenant: str, query_id: UUID) -> SemanticMatch | None:
    row = await connection.fetchrow(
        """SELECT query_id, tenant, partition, cache_key, query_text, matched_query, similarity
        FROM semantic_matches WHERE query_id = $1 AND tenant = $2""",
        query_id,
        tenant,
    )
    return SemanticMatch(**dict(row)) if row else None


async def remember_pair(connection: PooledConnection, match: SemanticMatch) -> None:
    """Keep two questions apart from now on."""
    await connection.execute(
        _REMEMBER_PAIR,
        match.tenant,
        match.partition,
        match.query_text,
        match.matched_query,
        match.similarity,
        match.query_id,
    )
