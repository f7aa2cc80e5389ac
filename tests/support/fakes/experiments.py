"""Experiments kept in memory."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from typing_extensions import override

from app.domain.answers import AnswerRequest
from app.domain.evaluation.shares import Share
from app.domain.experiments import Experiment, Percentiles, Variant, VariantResult
from app.errors import Conflict, NotFound
from app.services.answering.experiments import ExperimentService
from app.services.pagination import Page

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


class FakeExperiments(ExperimentService):
    """No question takes part."""

    def __init__(self) -> None:
        self.found: dict[str, Experiment] = {}

    @override
    async def enrol(self, request: AnswerRequest, **_: Any) -> AnswerRequest:
        return request

    @override
    async def start(self, tenant: str, name: str, collection: str, variants: Sequence[Variant]) -> Experiment:
        if name in self.found:
            raise Conflict(f"An experiment called {name!r} exists already.")
        self.found[name] = Experiment(uuid4(), name, collection, variants, NOW)
        return self.found[name]

    @override
    async def list(self, tenant: str, *, limit: int = 50, cursor: str | None = None) -> Page[Experiment]:
        return Page(tuple(self.found.values())[:limit])

    @override
    async def results(self, tenant: str, name: str) -> tuple[Experiment, Sequence[VariantResult]]:
        experiment = self._find(name)
        some, none = Percentiles(10.0, 20.0), Percentiles(None, None)
        return experiment, [
            VariantResult("one", 3, 8, Share(6, 8), Share(2, 3), Share(1, 8), some, some, 12.5),
            VariantResult("other", 0, 0, Share(0, 0), Share(0, 0), Share(0, 0), none, none, None),
        ]

    @override
    async def stop(self, tenant: str, name: str) -> Experiment:
        return self._find(name)

    @override
    async def delete(self, tenant: str, name: str) -> None:
        self._find(name)
        del self.found[name]

    def _find(self, name: str) -> Experiment:
        if name not in self.found:
            raise NotFound(f"There is no experiment called {name!r}.")
        return self.found[name]
