"""Experiments, and how each question in them ended."""

from collections.abc import Sequence
from dataclasses import asdict
from hashlib import blake2b
from typing import Any
from uuid import UUID

import asyncpg

from app.db.database import PooledConnection
from app.domain.evaluation.shares import Share
from app.domain.experiments import Experiment, Exposure, Percentiles, Variant, VariantResult
from app.errors import Conflict

_SELECT = """
SELECT e.id, e.name, c.name AS collection, e.definition, e.created_at, e.stopped_at
FROM experiments e JOIN collections c ON c.id = e.collection_id
WHERE e.tenant = $1 AND c.deleted_at IS NULL
"""

# The last verdict on an answer counts.
_RESULTS = """
SELECT a.variant, count(DISTINCT a.unit) AS units, count(*) AS questions,
    count(*) FILTER (WHERE a.outcome = 'answered') AS answered,
    count(*) FILTER (WHERE a.outcome IN ('answered', 'no_context', 'error')) AS ended,
    count(*) FILTER (WHERE f.verdict = 'up') AS approved,
    count(f.verdict) AS judged,
    count(*) FILTER (WHERE a.cached) AS cached,
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY a.ttft_ms) FILTER (WHERE NOT a.cached) AS ttft_ms,
    percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY a.total_ms)
        FILTER (WHERE a.outcome = 'answered' AND NOT a.cached) AS total_ms,
    avg(a.output_tokens) FILTER (WHERE a.outcome = 'answered' AND NOT a.cached)::float8 AS output_tokens
FROM experiment_answers a
LEFT JOIN LATERAL (
    SELECT verdict FROM feedback WHERE tenant = $1 AND query_id = a.query_id ORDER BY id DESC LIMIT 1
) f ON true
WHERE a.experiment_id = $2 GROUP BY a.variant
"""


async def insert(
    connection: PooledConnection, tenant: str, name: str, collection_id: int, variants: Sequence[Variant]
) -> None:
    """
    Raises:
        Conflict: the name is taken, or the collection has an experiment that runs.
    """
    definition = {"variants": [asdict(variant) for variant in variants]}
    try:
        await connection.execute(
            "INSERT INTO experiments (tenant, name, collection_id, definition) VALUES ($1, $2, $3, $4)",
            tenant,
            name,
            collection_id,
            definition,
        )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name == "experiments_running":
            raise Conflict("An experiment on this collection is running; stop it first.") from error
        raise Conflict(f"An experiment called {name!r} exists already.") from error


async def get(connection: PooledConnection, tenant: str, name: str) -> Experiment | None:
    row = await connection.fetchrow(f"{_SELECT} AND e.name = $2", tenant, name)
    return _experiment(row) if row else None


async def running(connection: PooledConnection, tenant: str) -> list[Experiment]:
    return [_experiment(row) for row in await connection.fetch(f"{_SELECT} AND e.stopped_at IS NULL", tenant)]


async def page(connection: PooledConnection, tenant: str, *, before: UUID | None, limit: int) -> list[Experiment]:
    """Experiments, the newest first, those made before the one with the id `before`."""
    rows = await connection.fetch(
        f"{_SELECT} AND ($2::uuid IS NULL OR e.id < $2) ORDER BY e.id DESC LIMIT $3", tenant, before, limit
    )
    return [_experiment(row) for row in rows]


async def stop(connection: PooledConnection, tenant: str, name: str) -> None:
    """Stop an experiment; one that is stopped stays as it is."""
    await connection.execute(
        "UPDATE experiments SET stopped_at = now() WHERE tenant = $1 AND name = $2 AND stopped_at IS NULL",
        tenant,
        name,
    )


async def delete(connection: PooledConnection, tenant: str, name: str) -> bool:
    """Delete an experiment with all that was noted of it. False if there is none."""
    deleted = await connection.execute("DELETE FROM experiments WHERE tenant = $1 AND name = $2", tenant, name)
    return deleted != "DELETE 0"


async def note(connection: PooledConnection, experiment_id: UUID, exposure: Exposure) -> None:
    """Keep how a question ended, unless its experiment is gone. Of the unit only a hash is kept."""
    await connection.execute(
        """INSERT INTO experiment_answers
        (experiment_id, variant, unit, query_id, outcome, cached, ttft_ms, total_ms, output_tokens)
        SELECT id, $2, $3, $4, $5, $6, $7, $8, $9 FROM experiments WHERE id = $1""",
        experiment_id,
        exposure.variant,
        blake2b(exposure.unit.encode(), key=experiment_id.bytes, digest_size=16).digest(),
        exposure.query_id,
        exposure.outcome,
        exposure.cached,
        exposure.ttft_ms,
        exposure.total_ms,
        exposure.output_tokens,
    )


async def results(connection: PooledConnection, tenant: str, experiment: Experiment) -> list[VariantResult]:
    """The results of every variant, in the experiment's order."""
    rows = {row["variant"]: row for row in await connection.fetch(_RESULTS, tenant, experiment.id)}
    return [_result(variant.name, rows.get(variant.name)) for variant in experiment.variants]


def _experiment(row: asyncpg.Record) -> Experiment:
    return Experiment(
        id=row["id"],
        name=row["name"],
        collection=row["collection"],
        variants=tuple(Variant(**variant) for variant in row["definition"]["variants"]),
        created_at=row["created_at"],
        stopped_at=row["stopped_at"],
    )


def _result(name: str, row: asyncpg.Record | None) -> VariantResult:
    counted: dict[str, Any] = dict(row) if row else {}
    return VariantResult(
        name=name,
        units=counted.get("units", 0),
        questions=counted.get("questions", 0),
        answered=Share(counted.get("answered", 0), counted.get("ended", 0)),
        approved=Share(counted.get("approved", 0), counted.get("judged", 0)),
        cached=Share(counted.get("cached", 0), counted.get("questions", 0)),
        ttft_ms=Percentiles(*(counted.get("ttft_ms") or (None, None))),
        total_ms=Percentiles(*(counted.get("total_ms") or (None, None))),
        output_tokens=counted.get("output_tokens"),
    )
