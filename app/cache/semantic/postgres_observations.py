"""Observations of matching by meaning in Postgres: traffic, labels, decisions, and pairs kept apart."""

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from app.cache.postgres.connections import HeldConnections
from app.cache.semantic.calibration import BINS, Decision, Tally, bin_of
from app.cache.semantic.observations import Counts, Label, Observed, Segment, SegmentEvidence
from app.domain.retrieval import ServedMatch

# Hours of traffic and labels that a calibration uses, and the most labels.
MEMORY_HOURS = 24 * 14
MOST_LABELS = 5000
# Seconds for a statement.
_TIMEOUT = 10.0

_ENSURE = """
INSERT INTO semantic_segments (segment, tenant, collection_id, namespace)
SELECT $1, $2, id, $4 FROM collections WHERE id = $3 ON CONFLICT (segment) DO NOTHING
"""
_TRAFFIC = """
INSERT INTO semantic_traffic AS old (segment, hour, lookups, served, matches)
SELECT segment, date_trunc('hour', now()), $2, $3, $4::integer[] FROM semantic_segments WHERE segment = $1
ON CONFLICT (segment, hour) DO UPDATE SET lookups = old.lookups + EXCLUDED.lookups,
    served = old.served + EXCLUDED.served,
    matches = (
        SELECT array_agg(a + b ORDER BY place)
        FROM unnest(old.matches, EXCLUDED.matches) WITH ORDINALITY AS bins (a, b, place)
    )
"""
_MATCH = """
INSERT INTO semantic_matches
    (query_id, segment, tenant, partition, cache_key, query_text, matched_query, similarity)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""
_LABEL = """
INSERT INTO semantic_labels (segment, query_text, matched_query, similarity, correct, served, source, detail)
SELECT segment, $2, $3, $4, $5, $6, $7, $8 FROM semantic_segments WHERE segment = $1
"""
_OBSERVED = """
SELECT s.segment, s.threshold, s.reason, s.since, s.calibrated_at, s.tenant, s.collection_id, s.namespace,
    c.name AS collection,
    (SELECT count(*) FROM semantic_labels l WHERE l.segment = s.segment AND l.created_at >= s.since) AS labels
FROM semantic_segments s JOIN collections c ON c.id = s.collection_id AND c.deleted_at IS NULL
WHERE s.tenant = coalesce($1, s.tenant) ORDER BY c.name, s.namespace, s.segment
"""
_SUMS = """
SELECT lookups, served, matches FROM semantic_traffic t JOIN semantic_segments s USING (segment)
WHERE segment = $1 AND hour >= greatest(date_trunc('hour', s.since), now() - make_interval(hours => $2))
"""
_LABELS = """
SELECT l.similarity, l.correct, l.served FROM semantic_labels l JOIN semantic_segments s USING (segment)
WHERE segment = $1 AND l.created_at >= greatest(s.since, now() - make_interval(hours => $2))
ORDER BY l.id DESC LIMIT $3
"""
_EXAMPLES = """
SELECT query_text, matched_query, similarity, correct, served, source, detail, created_at, id FROM semantic_labels
WHERE segment = $1 AND correct = $2 ORDER BY id DESC LIMIT $3
"""
# Two questions that differ are kept apart from now on; two that are the same no longer are.
_JUDGE = """
WITH judged AS (
    UPDATE semantic_labels l SET correct = $3, source = 'person', detail = '' FROM semantic_segments s
    WHERE l.id = $2 AND s.segment = l.segment AND s.tenant = $1
    RETURNING l.query_text, l.matched_query, l.similarity, l.correct, l.served, l.source, l.detail, l.created_at,
        l.id, l.segment
), apart AS (
    INSERT INTO semantic_negatives (tenant, partition, query_text, matched_query, similarity)
    SELECT $1, segment, query_text, matched_query, similarity FROM judged WHERE NOT $3 ON CONFLICT DO NOTHING
), together AS (
    DELETE FROM semantic_negatives n USING judged j
    WHERE $3 AND n.tenant = $1 AND (n.query_text, n.matched_query)
        IN ((j.query_text, j.matched_query), (j.matched_query, j.query_text))
)
SELECT query_text, matched_query, similarity, correct, served, source, detail, created_at, id FROM judged
"""
_DECIDE = """
UPDATE semantic_segments SET threshold = $2, reason = $3, calibrated_at = now(),
    since = CASE WHEN $4 THEN now() ELSE since END
WHERE segment = $1 AND since = $5
"""
_NEGATIVE = """
SELECT true FROM semantic_negatives
WHERE tenant = $1 AND (md5(query_text), md5(matched_query)) IN ((md5($2), md5($3)), (md5($3), md5($2))) LIMIT 1
"""
_REMEMBER = """
INSERT INTO semantic_negatives (tenant, partition, query_text, matched_query, similarity)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
"""
_PURGE = (
    "DELETE FROM semantic_traffic WHERE hour < now() - make_interval(hours => $1)",
    "DELETE FROM semantic_labels WHERE created_at < now() - make_interval(hours => $1)",
    "DELETE FROM semantic_matches WHERE created_at < now() - make_interval(hours => $1)",
)


class PostgresObservations:
    """Writes and reads the observations of matching by meaning.

    Raises:
        StoreUnavailable: Postgres does not answer.
    """

    def __init__(self, connections: HeldConnections) -> None:
        self._connections = connections

    async def add_traffic(self, taken: Mapping[Segment, Counts]) -> None:
        """Add the counts. Segments of deleted collections are left out."""
        async with self._connections.connection() as connection, connection.transaction():
            for segment, counts in sorted(taken.items(), key=lambda item: item[0].digest):
                await self._ensure(connection, segment)
                await connection.execute(
                    _TRAFFIC, segment.digest, counts.lookups, counts.served, counts.matches, timeout=_TIMEOUT
                )

    async def add_match(self, match: ServedMatch) -> None:
        """Record a hit by meaning, so that any replica can trace a verdict on it."""
        async with self._connections.connection() as connection:
            await connection.execute(_MATCH, *astuple(match), timeout=_TIMEOUT)

    async def add_label(self, segment: Segment, label: Label) -> None:
        async with self._connections.connection() as connection:
            await self._ensure(connection, segment)
            await connection.execute(
                _LABEL,
                segment.digest,
                label.question,
                label.matched,
                label.similarity,
                label.correct,
                label.served,
                label.source,
                label.detail,
                timeout=_TIMEOUT,
            )

    async def observed(self, tenant: str | None = None) -> list[Observed]:
        """Return every segment, or those of a tenant."""
        async with self._connections.connection() as connection:
            rows = await connection.fetch(_OBSERVED, tenant, timeout=_TIMEOUT)
        return [
            Observed(
                Segment(row["segment"], row["tenant"], row["collection_id"], row["namespace"]),
                row["collection"],
                None if row["threshold"] is None else bin_of(row["threshold"]) / (BINS - 1),
                row["reason"],
                row["since"],
                row["calibrated_at"],
                row["labels"],
            )
            for row in rows
        ]

    async def evidence(self, digest: str, *, recent: int) -> SegmentEvidence:
        async with self._connections.connection() as connection:
            traffic = await connection.fetch(_SUMS, digest, MEMORY_HOURS, timeout=_TIMEOUT)
            labels = await connection.fetch(_LABELS, digest, MEMORY_HOURS, MOST_LABELS, timeout=_TIMEOUT)
        matches, right, wrong = ([0] * BINS for _ in range(3))
        for row in traffic:
            matches = [a + b for a, b in zip(matches, row["matches"], strict=True)]
        for row in labels:
            (right if row["correct"] else wrong)[bin_of(row["similarity"])] += 1
        return SegmentEvidence(
            Tally(sum(row["lookups"] for row in traffic), matches, right, wrong),
            sum(row["served"] for row in traffic),
            [row["correct"] for row in labels if row["served"]][:recent],
        )

    async def examples(self, digest: str, *, correct: bool, limit: int) -> list[Label]:
        async with self._connections.connection() as connection:
            rows = await connection.fetch(_EXAMPLES, digest, correct, limit, timeout=_TIMEOUT)
        return [Label(*row.values()) for row in rows]

    async def judge(self, tenant: str, label: int, *, correct: bool) -> Label | None:
        """Replace the verdict of a label by a person's. Return it; None if the tenant has no such label."""
        async with self._connections.connection() as connection:
            row = await connection.fetchrow(_JUDGE, tenant, label, correct, timeout=_TIMEOUT)
        return Label(*row.values()) if row else None

    async def decide(self, observed: Observed, decision: Decision) -> None:
        """Put a decision in force, unless another replica has restarted the segment since it was observed.

        A restart ignores all observations before it.
        """
        async with self._connections.connection() as connection:
            await connection.execute(
                _DECIDE,
                observed.segment.digest,
                decision.threshold,
                decision.reason,
                decision.restart,
                observed.since,
                timeout=_TIMEOUT,
            )

    async def are_apart(self, tenant: str, question: str, other: str) -> bool:
        """Return whether two questions are known not to match."""
        return bool(await self._connections.fetch(_NEGATIVE, tenant, question, other))

    async def keep_apart(self, tenant: str, partition: str, question: str, other: str, similarity: float) -> None:
        async with self._connections.connection() as connection:
            await connection.execute(_REMEMBER, tenant, partition, question, other, similarity, timeout=_TIMEOUT)

    async def purge(self) -> None:
        """Delete observations that are too old for any calibration."""
        async with self._connections.connection() as connection:
            for statement in _PURGE:
                await connection.execute(statement, MEMORY_HOURS, timeout=_TIMEOUT)

    async def _ensure(self, connection: Any, segment: Segment) -> None:
        await connection.execute(
            _ENSURE, segment.digest, segment.tenant, segment.collection, segment.namespace, timeout=_TIMEOUT
        )
