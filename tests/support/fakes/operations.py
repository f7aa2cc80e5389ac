"""Analytics, models and keys in memory."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from typing_extensions import override

from app.domain.conversations import UnansweredQuestion
from app.errors import InvalidInput, NotFound
from app.ollama.protocol import ModelInfo, PullProgress, RunningModel
from app.services.operations.analytics import AnalyticsReport, AnalyticsService, Period
from app.services.operations.models import ModelServer
from app.services.operations.query_plans import PlanReport, PlanService
from app.services.pagination import Page

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


COUNTS = {
    "requests": 10,
    "hits": 9,
    "l1_hits": 6,
    "l2_hits": 2,
    "l3_hits": 1,
    "semantic_hits": 0,
    "misses": 1,
    "stale": 0,
    "bypassed": 0,
    "coalesced": 0,
    "hit_rate": 0.9,
    "seconds_saved": 4.5,
    "tokens_saved": 100,
}
STATEMENT = {
    "id": 1,
    "at": NOW,
    "seconds": 2.5,
    "statement": "SELECT $1",
    "parameters": ["str(3)"],
    "plan": "Result",
    "request_id": "r1",
}


class FakeAnalytics(AnalyticsService):
    def __init__(self) -> None:
        """It asks no database."""

    @override
    async def hit_rates(self, **asked: Any) -> AnalyticsReport:
        return AnalyticsReport([{"at": NOW, "namespace": "retrieval", **COUNTS}], NOW)

    @override
    async def savings(self, *, since: datetime | None, until: datetime | None) -> Any:
        if since and until and since >= until:
            raise InvalidInput("since: not before until.")
        return Period(NOW, NOW), [{"namespace": "retrieval", **COUNTS}]

    @override
    async def slow_statements(self, *, limit: int, cursor: str | None) -> Page[Mapping[str, Any]]:
        return Page((STATEMENT,), None)

    @override
    async def unanswered(self, tenant: str, **asked: Any) -> Sequence[UnansweredQuestion]:
        return [UnansweredQuestion("Where is Atlantis?", "default", "no_context", 3, NOW)]

    @override
    async def documents(self, tenant: str) -> AnalyticsReport:
        return AnalyticsReport([], None)


class FakePlans(PlanService):
    def __init__(self) -> None:
        """It asks no database."""

    @override
    async def explain(self, tenant: str, name: str | None = None) -> PlanReport:
        if name not in {None, "default"}:
            raise NotFound(f"There is no collection called {name!r}.")
        return PlanReport("default", (), ("chunks was never analyzed.",))


class FakeModelServer(ModelServer):
    error: Exception | None = None

    @override
    async def models(self) -> list[ModelInfo]:
        if self.error is not None:
            raise self.error
        return [ModelInfo("all-minilm:latest", "sha256:1", 10, "", {}, frozenset({"embedding"}))]

    @override
    async def show(self, model: str) -> ModelInfo:
        return (await self.models())[0]

    @override
    async def running(self) -> list[RunningModel]:
        if self.error is not None:
            raise self.error
        return [RunningModel("one", "all-minilm:latest", "sha256:1", 10, 0, None, None)]

    @override
    async def pull(self, model: str) -> Any:
        yield PullProgress("one", "pulling", "sha256:2", 100, 50)


async def default_chat_model() -> str:
    return "smollm2:135m"


async def well() -> None:
    """A probe of something that is well."""
