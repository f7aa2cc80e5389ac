"""What is asked of the documents themselves is answered from all of them, and from no cache."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from app.domain.answers import AnswerRequest, Delta, Done, Event
from app.domain.documents import Chunk, Document, DocumentStatus
from app.errors import ModelUnavailable
from app.generation.prompting.prompt import PromptBuilder
from app.services.answering.answer import Answer, collect
from app.services.answering.model_facts import ContextWindows
from app.services.answering.overviews import OverviewAnswers
from app.services.answering.writer import ModelWriter
from app.services.pagination import Page
from tests.support.answering import FakeModels, FakeSurroundings

TEXTS = {
    "handbook.md": "The ferry line joins the harbour of Amberg with the island of Brenn all year round.",
    "prices.md": "A ticket for the ferry to the island of Brenn costs three euros for grown people.",
}


class Shelves:
    """Gives its documents and chunks one a page."""

    def __init__(self, *names: str) -> None:
        self.names = names

    async def list(self, tenant: str, *, cursor: str | None, **_: Any) -> Page[Document]:
        place = int(cursor or 0)
        if place >= len(self.names):
            return Page((), None)
        when = datetime(2026, 1 + place, 1, tzinfo=UTC)
        document = Document(
            id=UUID(int=place + 1),
            tenant="t",
            collection="c",
            filename=self.names[place],
            media_type="text/markdown",
            size_bytes=1,
            sha256="",
            status=DocumentStatus.READY,
            stage=None,
            chunk_count=1,
            embedded_count=1,
            failed_count=0,
            reused_count=0,
            error=None,
            metadata={},
            version=1,
            created_at=when,
            updated_at=when,
            document_date=when,
        )
        return Page((document,), str(place + 1) if place + 1 < len(self.names) else None)

    async def chunks(self, tenant: str, document_id: UUID, **_: Any) -> Page[Chunk]:
        name = self.names[document_id.int - 1]
        return Page((Chunk(document_id.int, document_id, name, 1, 0, TEXTS[name], 9, None, None),), None)


class Facts:
    def __init__(self) -> None:
        self.asked: list[str] = []

    async def answer(self, request: AnswerRequest) -> AsyncGenerator[Event, None]:
        self.asked.append(request.question)
        yield Delta("a fact")
        yield Done("stop", ())


async def ask(
    question: str, *names: str, models: FakeModels | None = None, mode: str = "quote", **more: Any
) -> tuple[Answer, Facts]:
    facts = Facts()
    used = models or FakeModels()
    writer = ModelWriter(
        used, prompts=PromptBuilder(), contexts=ContextWindows(used), surroundings=FakeSurroundings()
    )
    answers = OverviewAnswers(facts, Shelves(*names), writer)
    request = AnswerRequest("t", "c", question, model="m", mode=mode, **more)
    return await collect(answers.answer(request)), facts


async def test_files_are_listed_by_name() -> None:
    answer, _ = await ask("What files are here?", "prices.md", "handbook.md")
    assert answer.text == "- handbook.md\n- prices.md"
    assert answer.outcome == "answered"


async def test_an_empty_collection_has_no_files() -> None:
    answer, _ = await ask("What files are here?")
    assert answer.text == "c: 0"


async def test_what_is_new_is_listed_from_a_date_on_newest_first() -> None:
    answer, _ = await ask("What is new since 2026-01-15?", "handbook.md", "prices.md")
    assert answer.text == "- prices.md (2026-02-01)"
    answer, _ = await ask("What is new?", "handbook.md", "prices.md")
    assert answer.text.splitlines() == ["- prices.md (2026-02-01)", "- handbook.md (2026-01-01)"]


async def test_a_named_document_is_summarised_with_citations() -> None:
    answer, _ = await ask("Summarise prices.md", "handbook.md", "prices.md")
    assert answer.text == f"**prices.md**\n\n{TEXTS['prices.md']} [1]"
    assert [(one.citation, one.chunk_id, one.offset) for one in answer.citations] == [(1, 2, len(answer.text))]
    (highlight,) = answer.highlights
    assert TEXTS["prices.md"][highlight.start : highlight.end] == highlight.text


async def test_the_only_document_needs_no_name() -> None:
    answer, _ = await ask("What is this about?", "handbook.md")
    assert TEXTS["handbook.md"] in answer.text


@pytest.mark.parametrize("question", ["What is this about?", "Summarise the weather", "When does the ferry leave?"])
async def test_what_names_no_document_is_left_to_the_passages(question: str) -> None:
    answer, facts = await ask(question, "handbook.md", "prices.md")
    assert (answer.text, facts.asked) == ("a fact", [question])


async def test_only_what_is_cached_is_asked_of_the_cache() -> None:
    _, facts = await ask("What files are here?", "handbook.md", cache="only-if-cached")
    assert facts.asked == ["What files are here?"]


@pytest.mark.parametrize("question", ["What files are here?", "Summarise prices.md"])
async def test_no_document_outside_a_filter_is_listed_or_summarised(question: str) -> None:
    answer, facts = await ask(question, "handbook.md", "prices.md", filter={"filename": "handbook.md"})
    assert (answer.text, facts.asked) == ("a fact", [question])


async def test_a_model_writes_the_summary_where_one_is_worth_asking() -> None:
    models = FakeModels(["The ferry joins Amberg and Brenn."])
    answer, _ = await ask("Summarise handbook.md", "handbook.md", models=models, mode="generate")
    assert answer.text.startswith("The ferry joins Amberg and Brenn.")
    assert TEXTS["handbook.md"] in models.sent[0][-1]["content"]


async def test_of_a_model_that_says_nothing_the_sentences_are_the_summary() -> None:
    answer, _ = await ask("Summarise handbook.md", "handbook.md", models=FakeModels([" "]), mode="generate")
    assert TEXTS["handbook.md"] in answer.text


async def test_a_model_that_fails_ends_the_answer_with_its_error() -> None:
    models = FakeModels(["The"], failure=ModelUnavailable("Away."))
    answer, _ = await ask("Summarise handbook.md", "handbook.md", models=models, mode="generate")
    assert answer.failed is not None
