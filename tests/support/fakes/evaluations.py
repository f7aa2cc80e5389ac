"""Evaluations kept in memory, which are done at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

from typing_extensions import override

from app.domain.evaluation.evaluations import (
    Evaluation,
    EvaluationState,
    EvaluationVariant,
    ExpectedAnswer,
    QuestionOutcome,
)
from app.errors import NotFound
from app.services.evaluations.scores import scores
from app.services.evaluations.service import EvaluationService, ScoredEvaluation
from app.services.pagination import Page

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


class FakeEvaluations(EvaluationService):
    """Every question finds what it expects, in first place."""

    def __init__(self) -> None:
        self.found: dict[UUID, Evaluation] = {}

    @override
    async def start(
        self,
        tenant: str,
        name: str,
        collection: str,
        questions: Sequence[ExpectedAnswer],
        variants: Sequence[EvaluationVariant],
    ) -> Evaluation:
        started = Evaluation(
            uuid4(), name, collection, EvaluationState.QUEUED, questions, variants, 0, None, 1, NOW, NOW
        )
        self.found[started.id] = replace(started, state=EvaluationState.DONE, done=started.total)
        return started

    @override
    async def list(self, tenant: str, *, limit: int = 50, cursor: str | None = None) -> Page[Evaluation]:
        return Page(tuple(self.found.values())[:limit])

    @override
    async def get(self, tenant: str, evaluation_id: UUID) -> ScoredEvaluation:
        evaluation = self._find(evaluation_id)
        outcomes = [
            QuestionOutcome(number, variant.name, 12.5, place=1 if each.documents else None, found=True, right=True)
            for number, each in enumerate(evaluation.questions)
            for variant in evaluation.variants
        ]
        return ScoredEvaluation(evaluation, scores(evaluation, outcomes), outcomes)

    @override
    async def delete(self, tenant: str, evaluation_id: UUID) -> None:
        self._find(evaluation_id)
        del self.found[evaluation_id]

    def _find(self, evaluation_id: UUID) -> Evaluation:
        if evaluation_id not in self.found:
            raise NotFound(f"There is no evaluation {evaluation_id}.")
        return self.found[evaluation_id]
