"""Warming as the routes see it: what is asked for is done at once."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from app.domain.warming import Warmed, WarmFailure, WarmQuestion, WarmStep
from app.errors import LocalChatError, NotFound
from app.services.cache_ops.warm_questions import WarmQuestions
from app.services.cache_ops.warming import WarmingService

TOP_QUESTION = "How many days of leave are there?"


@dataclass
class FakeQuestions(WarmQuestions):
    asked: list[dict[str, Any]] = field(default_factory=list)

    @override
    async def top(self, tenant: str, **which: Any) -> list[WarmQuestion]:
        self.asked.append(which)
        return [WarmQuestion(tenant, "default", "answer", TOP_QUESTION)]

    @override
    async def given(
        self, tenant: str, queries: Sequence[str], *, collection: str, namespace: Any
    ) -> list[WarmQuestion]:
        if collection != "default":
            raise NotFound(f"There is no collection called {collection!r}.")
        return [WarmQuestion(tenant, collection, namespace, query) for query in queries]


@dataclass
class FakeWarming(WarmingService):
    """Holds the first question, computes the others, and fails those that hold `broken`."""

    error: LocalChatError | None = None
    questions: FakeQuestions = field(default_factory=FakeQuestions)
    warmed: list[WarmQuestion] = field(default_factory=list)

    @override
    async def warm(self, questions: Sequence[WarmQuestion]) -> AsyncGenerator[WarmStep | Warmed, None]:
        failures: list[WarmFailure] = []
        yield WarmStep(0, len(questions), 0, 0, 0)
        if self.error is not None:
            raise self.error
        for done, question in enumerate(questions, start=1):
            self.warmed.append(question)
            if "broken" in question.text:
                failures.append(WarmFailure(question.text, "The model failed while working."))
            yield WarmStep(done, len(questions), 1, done - 1 - len(failures), len(failures))
        yield Warmed(len(questions), 1, len(questions) - 1 - len(failures), tuple(failures), 0.5)

    @override
    async def collect(self, questions: Sequence[WarmQuestion]) -> Warmed:
        *_, last = [event async for event in self.warm(questions)]
        assert isinstance(last, Warmed)
        return last
