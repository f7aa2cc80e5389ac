"""Answers about documents in a real database, written by a model that does what it is told to."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field

from typing_extensions import override

from app.db.database import Database
from app.domain.answers import AnswerRequest, Delta, Done, Event
from app.generation.gate import AnswerGate
from app.generation.prompting.prompt import PromptBuilder
from app.services.answering.model_facts import ContextWindows, ModelDigests
from app.services.answering.model_texts import ModelTexts
from app.services.answering.writer import ModelWriter
from app.services.evidence.quoting import Quoter
from app.services.evidence.ranking import PassageRanker
from app.services.overviews.service import OverviewAnswers
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.service import SearchService
from app.wiring.overviews import PassageReading, open_overviews
from tests.support.answering import Chunk, FakeModels, FakeSurroundings, answer_pipeline
from tests.support.corpus import StoredCollections, embed_query
from tests.support.uncached import UncachedSearch

PART = "You summarise one part"
INTENT = "Tell what the user asks"


@dataclass
class SummarisingModels(FakeModels):
    """Summarises a part by its first words, and writes `reply` otherwise.

    Attributes:
        intent: what it takes a question for.
        waits_after: parts after which it waits for `gate`.
        asked: a part was asked for that waits.
    """

    intent: str = "fact"
    waits_after: int | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def parts(self) -> list[str]:
        """What it was shown of the parts that it summarised."""
        return [sent[-1]["content"] for sent in self.sent if sent[0]["content"].startswith(PART)]

    @override
    async def chat(self, messages: Sequence[Mapping[str, str]], **options: object) -> AsyncGenerator[Chunk, None]:
        told = messages[0]["content"]
        if told.startswith(INTENT):
            self.sent.append(messages)
            yield Chunk(self.intent, True, "stop")
        elif told.startswith(PART) and not self.too_long:
            self.sent.append(messages)
            if self.failure is not None:
                raise self.failure
            if self.waits_after is not None and len(self.parts) > self.waits_after:
                self.asked.set()
                try:
                    await self.gate.wait()
                finally:
                    self.closed += 1
            text = messages[-1]["content"].split("\n")[2]
            yield Chunk(f"In short: {text[:40]}")
            yield Chunk("", True, "stop")
        else:
            async for chunk in super().chat(messages, **options):
                yield chunk


class Facts:
    """Answers every question that is left to it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def answer(self, request: AnswerRequest) -> AsyncGenerator[Event, None]:
        self.asked.append(request.question)
        yield Delta("a fact")
        yield Done("stop", ())


class OverviewSetting:
    """The answers about documents of a database."""

    def __init__(self, database: Database, models: FakeModels | None = None, *, longest: int = 4096) -> None:
        self.facts = Facts()
        self.models = models or SummarisingModels()
        self._statistics = LexemeStatistics(database)
        search = SearchService(database, StoredCollections(database), embed_query, self._statistics)
        contexts = ContextWindows(self.models, longest=longest)
        writer = ModelWriter(
            self.models, prompts=PromptBuilder(), contexts=contexts, surroundings=FakeSurroundings()
        )
        pipeline = answer_pipeline(UncachedSearch(search), self.models)
        evidence = PassageReading(pipeline, Quoter(PassageRanker()), AnswerGate())
        texts = ModelTexts(database, self.models, contexts, ModelDigests(self.models))
        self.answers: OverviewAnswers = open_overviews(
            database, self.facts, evidence, texts, contexts=contexts, writer=writer
        )

    async def close(self) -> None:
        await self._statistics.close()
