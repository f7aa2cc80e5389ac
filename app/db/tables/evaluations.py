"""Evaluations, and how each question in them fared."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

import asyncpg

from app.db.database import PooledConnection
from app.domain.documents import Collection
from app.domain.evaluation.evaluations import (
    Evaluation,
    EvaluationState,
    EvaluationVariant,
    ExpectedAnswer,
    QuestionOutcome,
)

# A run that stored nothing for so long has no process any more: the slowest answer takes five minutes.
_SELECT = """
SELECT e.id, e.name, c.name AS collection, e.definition, e.error, e.corpus_version, e.created_at, e.updated_at,
    CASE WHEN e.state IN ('queued', 'running') AND e.updated_at < now() - interval '10 minutes'
        THEN 'interrupted' ELSE e.state END AS state,
    (SELECT count(*) FROM evaluation_outcomes o WHERE o.evaluation_id = e.id) AS done
FROM evaluations e JOIN collections c ON c.id = e.collection_id
WHERE e.tenant = $1 AND c.deleted_at IS NULL
"""


async def insert(
    connection: PooledConnection,
    tenant: str,
    name: str,
    collection: Collection,
    questions: Sequence[ExpectedAnswer],
    variants: Sequence[EvaluationVariant],
) -> UUID:
    definition = {
        "questions": [asdict(question) for question in questions],
        "variants": [asdict(variant) for variant in variants],
    }
    evaluation_id: UUID = await connection.fetchval(
        """INSERT INTO evaluations (tenant, name, collection_id, definition, corpus_version)
        VALUES ($1, $2, $3, $4, $5) RETURNING id""",
        tenant,
        name,
        collection.id,
        definition,
        collection.corpus_version,
    )
    return evaluation_id


async def get(connection: PooledConnection, tenant: str, evaluation_id: UUID) -> Evaluation | None:
    row = await connection.fetchrow(f"{_SELECT} AND e.id = $2", tenant, evaluation_id)
    return _evaluation(row) if row else None


async def page(connection: PooledConnection, tenant: str, *, before: UUID | None, limit: int) -> list[Evaluation]:
    """Evaluations, the newest first, those made before the one with the id `before`."""
    rows = await connection.fetch(
        f"{_SELECT} AND ($2::uuid IS NULL OR e.id < $2) ORDER BY e.id DESC LIMIT $3", tenant, before, limit
    )
    return [_evaluation(row) for row in rows]


async def put_state(
    connection: PooledConnection, evaluation_id: UUID, state: EvaluationState, error: str | None
) -> bool:
    """False: there is no such evaluation any more."""
    done: str = await connection.execute(
        "UPDATE evaluations SET state = $2, error = $3, updated_at = now() WHERE id = $1",
        evaluation_id,
        state,
        error,
    )
    return done != "UPDATE 0"


async def note(connection: PooledConnection, evaluation_id: UUID, outcome: QuestionOutcome) -> bool:
    """Store an outcome. False: there is no such evaluation any more."""
    done: str = await connection.execute(
        """WITH found AS (UPDATE evaluations SET updated_at = now() WHERE id = $1 RETURNING id)
        INSERT INTO evaluation_outcomes (evaluation_id, question, variant, outcome)
        SELECT id, $2, $3, $4 FROM found""",
        evaluation_id,
        outcome.question,
        outcome.variant,
        asdict(outcome),
    )
    return done != "INSERT 0 0"


async def outcomes(connection: PooledConnection, evaluation_id: UUID) -> list[QuestionOutcome]:
    """Return the outcomes, by question and then by variant."""
    rows = await connection.fetch(
        "SELECT outcome FROM evaluation_outcomes WHERE evaluation_id = $1 ORDER BY question, variant", evaluation_id
    )
    return [QuestionOutcome(**_known(QuestionOutcome, row["outcome"])) for row in rows]


async def delete(connection: PooledConnection, tenant: str, evaluation_id: UUID) -> bool:
    done: str = await connection.execute(
        "DELETE FROM evaluations WHERE tenant = $1 AND id = $2", tenant, evaluation_id
    )
    return done != "DELETE 0"


def _evaluation(row: asyncpg.Record) -> Evaluation:
    definition = row["definition"]
    return Evaluation(
        id=row["id"],
        name=row["name"],
        collection=row["collection"],
        state=EvaluationState(row["state"]),
        questions=[
            ExpectedAnswer(each["question"], tuple(each["documents"]), tuple(each["answers"]), each["answerable"])
            for each in definition["questions"]
        ],
        variants=[EvaluationVariant(each["name"], each["settings"]) for each in definition["variants"]],
        done=row["done"],
        error=row["error"],
        corpus_version=row["corpus_version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _known(kind: type[Any], stored: dict[str, Any]) -> dict[str, Any]:
    """Leave out what only another release stores."""
    return {field.name: stored[field.name] for field in fields(kind) if field.name in stored}
