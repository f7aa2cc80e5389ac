"""What is asked of documents themselves is answered from all of them, as they are committed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.db.database import Database
from app.domain.answers import AnswerProgress, AnswerRequest, Event
from app.errors import ModelUnavailable
from app.services.answering.answer import Answer, collect
from app.services.operations.housekeeping import HousekeepingService
from tests.support.answering import FakeModels
from tests.support.corpus import TENANT, Page, add_page, make_collection
from tests.support.fakes.overviews import OverviewSetting, SummarisingModels

HANDBOOK = "The ferry line joins the harbour of Amberg with the island of Brenn all year round."
PRICES = "A ticket for the ferry to the island of Brenn costs three euros for grown people."
PAGES = [
    Page("prices.md", [PRICES], {"year": 2026}),
    Page("handbook.md", [HANDBOOK, "Deadlines for bookings end on the first of May."], {"year": 2025}),
]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, min_size=1, max_size=8)
    yield database
    await database.close()


@pytest.fixture
async def setting(database: Database) -> AsyncIterator[OverviewSetting]:
    await make_collection(database, "c", PAGES)
    setting = OverviewSetting(database)
    yield setting
    await setting.close()


def asking(question: str, **more: Any) -> AnswerRequest:
    return AnswerRequest(TENANT, "c", question, **{"model": "m", "mode": "quote", **more})


async def ask(setting: OverviewSetting, question: str, **more: Any) -> Answer:
    return await collect(setting.answers.answer(asking(question, **more)))


async def test_files_are_listed_by_name_under_their_number(setting: OverviewSetting) -> None:
    answer = await ask(setting, "What files are here?")
    assert answer.text == "Documents: 2\n- handbook.md\n- prices.md"
    assert answer.outcome == "answered"
    assert (await ask(setting, "Welche Dateien gibt es?")).text.startswith("Dokumente: 2\n")


async def test_a_filter_a_tenant_and_a_collection_bound_every_list(setting: OverviewSetting) -> None:
    assert (await ask(setting, "What files are here?", filter={"year": 2025})).text == "Documents: 1\n- handbook.md"
    nobody = asking("What files are here?")
    for other in ({"tenant": "other"}, {"collection": "other"}):
        found = await collect(setting.answers.answer(AnswerRequest(**{**_fields(nobody), **other})))
        assert found.text == "Documents: 0"
    summary = await ask(setting, "Summarise prices.md", filter={"year": 2025})
    assert (summary.text, setting.facts.asked) == ("a fact", ["Summarise prices.md"])
    assert HANDBOOK in (await ask(setting, "What is this about?", filter={"year": 2025})).text


def _fields(request: AnswerRequest) -> dict[str, Any]:
    return {name: getattr(request, name) for name in ("tenant", "collection", "question", "model", "mode")}


async def test_what_is_new_is_listed_from_a_date_on(setting: OverviewSetting, database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("UPDATE documents SET updated_at = '2026-02-01' WHERE filename = 'prices.md'")
        await connection.execute("UPDATE documents SET updated_at = '2026-01-01' WHERE filename = 'handbook.md'")
    assert (await ask(setting, "What is new since 2026-01-15?")).text == "- prices.md (2026-02-01)"
    both = ["- prices.md (2026-02-01)", "- handbook.md (2026-01-01)"]
    assert (await ask(setting, "What is new?")).text.splitlines() == both
    none = await ask(setting, "Was ist neu seit 2026-03-01?")
    assert none.text == "Kein Dokument ist seit 2026-03-01 neu oder geändert."


async def test_a_named_document_is_summarised_with_citations(setting: OverviewSetting) -> None:
    answer = await ask(setting, "Summarise prices.md")
    assert answer.text == f"**prices.md**\n\n{PRICES} [1]"
    assert [(one.citation, one.offset) for one in answer.citations] == [(1, len(answer.text))]
    (highlight,) = answer.highlights
    assert answer.sources[0].quote[highlight.start : highlight.end] == highlight.text


async def test_of_several_documents_this_one_is_the_last_added_and_the_answer_says_so(
    setting: OverviewSetting,
) -> None:
    answer = await ask(setting, "Summarise this document.")
    assert answer.text.startswith("The question names no document, so this is the last added of 2.")
    assert "prices.md\n\n**handbook.md**" in answer.text
    assert HANDBOOK in answer.text


async def test_these_documents_are_all_of_them(setting: OverviewSetting) -> None:
    answer = await ask(setting, "What are these documents about?")
    assert answer.text == (f"Documents: 2\n- **handbook.md**: {HANDBOOK} [1]\n- **prices.md**: {PRICES} [2]")


async def test_an_empty_collection_and_an_empty_document_are_told(database: Database) -> None:
    collection = await make_collection(database, "c", [])
    setting = OverviewSetting(database)
    assert (await ask(setting, "What is this about?")).text == "Documents: 0"
    assert (await ask(setting, "What is new?")).text == "No document is new or changed."
    async with database.transaction() as connection:
        await add_page(connection, collection.id, collection.space.id, Page("scan.pdf", []))
    answer = await ask(setting, "Summarise this document")
    assert answer.text == "scan.pdf has no text that could be read."
    await setting.close()


@pytest.mark.parametrize("question", ["Summarise the weather", "When does the ferry leave?", "Compare prices.md"])
async def test_what_names_no_document_is_left_to_the_passages(setting: OverviewSetting, question: str) -> None:
    answer = await ask(setting, question)
    assert (answer.text, setting.facts.asked) == ("a fact", [question])


async def test_only_what_is_cached_is_asked_of_the_cache(setting: OverviewSetting) -> None:
    await ask(setting, "What files are here?", cache="only-if-cached")
    assert setting.facts.asked == ["What files are here?"]


async def test_a_model_writes_the_summary_of_what_fits_from_the_whole_document(database: Database) -> None:
    await make_collection(database, "c", PAGES)
    setting = OverviewSetting(database, SummarisingModels(["The ferry joins Amberg and Brenn."]))
    answer = await ask(setting, "Summarise handbook.md", mode="generate")
    assert answer.text.startswith("The ferry joins Amberg and Brenn.")
    assert len(setting.models.sent) == 1
    assert HANDBOOK in setting.models.sent[0][-1]["content"]
    assert "Deadlines for bookings" in setting.models.sent[0][-1]["content"]
    everything = await ask(setting, "Summarise everything", mode="generate")
    assert everything.text.startswith("The ferry joins")
    assert PRICES in setting.models.sent[1][-1]["content"]
    await setting.close()


async def test_of_a_model_that_says_nothing_the_sentences_are_the_summary(database: Database) -> None:
    await make_collection(database, "c", PAGES)
    setting = OverviewSetting(database, FakeModels([" "]))
    assert HANDBOOK in (await ask(setting, "Summarise handbook.md", mode="generate")).text
    await setting.close()


async def test_a_model_that_fails_ends_the_answer_with_its_error(database: Database) -> None:
    await make_collection(database, "c", PAGES)
    setting = OverviewSetting(database, FakeModels(["The"], failure=ModelUnavailable("Away.")))
    assert (await ask(setting, "Summarise handbook.md", mode="generate")).failed is not None
    await setting.close()


async def test_a_model_too_small_to_summarise_is_shown_the_key_sentences_alone(database: Database) -> None:
    await make_collection(database, "c", [book()])
    setting = OverviewSetting(database)
    answer = await ask(setting, "Summarise book.md", mode="generate", model="smollm2:135m")
    assert answer.outcome == "answered"
    assert len(setting.models.sent) == 1
    await setting.close()


CHAPTERS = 8


def chapter(number: int) -> list[str]:
    """About 1,100 tokens in four chunks, more than a fourth of a part."""
    return [
        f"Chapter {number} page {page} speaks of the keeper. " + "The lighthouse keeper keeps his long watch. " * 20
        for page in range(4)
    ]


def book(*, changed: int | None = None) -> Page:
    texts: list[str] = []
    sections: list[str | None] = []
    for number in range(CHAPTERS):
        pages = chapter(number)
        if number == changed:
            pages[1] = pages[1].replace("page 1", "page one")
        texts += pages
        sections += [f"Chapter {number}"] * len(pages)
    return Page("book.md", texts, {}, sections)


async def replace_book(database: Database, collection: Any, page: Page) -> None:
    async with database.transaction() as connection:
        old = await connection.fetchval(
            "SELECT id FROM documents WHERE filename = 'book.md' AND deleted_at IS NULL"
        )
        await connection.execute("DELETE FROM chunks WHERE document_id = $1", old)
        made = await add_page(connection, collection.id, collection.space.id, page)
        # The same document as before, with other chunks.
        await connection.execute("UPDATE chunks SET document_id = $1 WHERE document_id = $2", old, made)
        await connection.execute("UPDATE documents SET deleted_at = now() WHERE id = $1", made)


async def test_a_changed_page_costs_one_step_of_a_summary_and_an_unchanged_document_none(
    database: Database,
) -> None:
    collection = await make_collection(database, "c", [book()])
    setting = OverviewSetting(database, SummarisingModels(["The keeper watches. [1]"]))
    models = setting.models
    assert isinstance(models, SummarisingModels)
    first = await ask(setting, "Summarise book.md", mode="generate")
    assert first.text == "The keeper watches. [1]"
    assert first.sources[0].quote.startswith("Chapter 0 page 0 speaks of the keeper.")
    assert "In short: Chapter 0 page 0" in models.sent[-1][-1]["content"]
    steps = len(models.parts)
    assert steps >= 2
    assert len(models.sent) == steps + 1

    await ask(setting, "Summarise book.md", mode="generate")
    assert len(models.parts) == steps

    await replace_book(database, collection, book(changed=5))
    await ask(setting, "Summarise book.md", mode="generate")
    assert len(models.parts) == steps + 1
    assert "page one" in models.parts[-1]
    await setting.close()


async def test_a_summary_tells_how_far_it_is_stops_with_its_client_and_goes_on_where_it_was(
    database: Database,
) -> None:
    await make_collection(database, "c", [book()])
    models = SummarisingModels(["The keeper watches."], waits_after=3)
    setting = OverviewSetting(database, models)
    seen: list[Event] = []
    before = asyncio.all_tasks()
    events = setting.answers.answer(asking("Summarise book.md", mode="generate"))
    while len([event for event in seen if isinstance(event, AnswerProgress)]) < 4:
        seen.append(await anext(events))
    await models.asked.wait()
    await events.aclose()
    assert asyncio.all_tasks() == before
    assert models.closed >= 1
    told = [event for event in seen if isinstance(event, AnswerProgress)]
    assert [event.done for event in told] == [0, 1, 2, 3]
    (total,) = {event.total for event in told}
    assert told[0].eta_seconds is None
    assert all(event.eta_seconds is not None for event in told[1:])

    asked = len(models.parts)
    models.waits_after = None
    again = [event async for event in setting.answers.answer(asking("Summarise book.md", mode="generate"))]
    resumed = [event for event in again if isinstance(event, AnswerProgress)]
    assert (resumed[0].done, resumed[0].eta_seconds is not None) == (3, True)
    assert len(models.parts) == asked + total - 3
    await setting.close()


async def test_a_failure_in_the_middle_keeps_what_is_done(database: Database) -> None:
    await make_collection(database, "c", [book()])
    models = SummarisingModels(failure=ModelUnavailable("Away."))
    setting = OverviewSetting(database, models)
    assert (await ask(setting, "Summarise book.md", mode="generate")).failed is not None
    models.failure = None
    assert (await ask(setting, "Summarise book.md", mode="generate")).outcome == "answered"
    await setting.close()


async def test_a_part_with_more_tokens_than_was_thought_is_summarised_in_halves(database: Database) -> None:
    await make_collection(database, "c", [book()])
    models = SummarisingModels(too_long=1)
    setting = OverviewSetting(database, models)
    assert (await ask(setting, "Summarise book.md", mode="generate")).outcome == "answered"
    await setting.close()


async def test_more_summaries_than_the_context_holds_are_summarised_again(database: Database) -> None:
    chapters = Page("long.md", [text for number in range(40) for text in chapter(number)[:1]])
    await make_collection(database, "c", [chapters])
    models = SummarisingModels()
    setting = OverviewSetting(database, models, longest=900)
    seen = [event async for event in setting.answers.answer(asking("Summarise long.md", mode="generate"))]
    assert [event.stage for event in seen if isinstance(event, AnswerProgress)][-1] == "reduce"
    assert any("In short: In short" in text or "In short: Chapter" in text for text in models.parts)
    await setting.close()


async def test_what_was_written_goes_with_its_document_and_with_time(database: Database) -> None:
    await make_collection(database, "c", [book()])
    setting = OverviewSetting(database)
    await ask(setting, "Summarise book.md", mode="generate")

    async def kept() -> int:
        async with database.connection() as connection:
            count: int = await connection.fetchval("SELECT count(*) FROM model_texts")
        return count

    written = await kept()
    assert written >= CHAPTERS
    await HousekeepingService(database, patient=True).once()
    assert await kept() == written
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE model_texts SET used_at = now() - interval '31 days' WHERE text LIKE '%Chapter 1 page 0%'"
        )
    await HousekeepingService(database, patient=True).once()
    assert await kept() == written - 1
    async with database.connection() as connection:
        await connection.execute("UPDATE documents SET deleted_at = now()")
    await HousekeepingService(database, patient=True).once()
    assert await kept() == 0
    await setting.close()


NORTH = (
    "Payment is due within 30 days of the invoice. The contract ends on 31 May. The law of Amberg holds for both."
)
SOUTH = (
    "Payment is due within 14 days of the invoice. The law of Amberg holds for both. Ferries must carry dogs free."
)


async def test_two_documents_are_compared_sentence_by_sentence(database: Database) -> None:
    await make_collection(database, "c", [Page("north.txt", [NORTH]), Page("south.txt", [SOUTH])])
    setting = OverviewSetting(database, SummarisingModels(["They differ in days. [1]"]))
    wanted = (
        "Sentences that are the same in both: 1\n\n"
        "**Different wording**\n"
        "- north.txt: Payment is due within 30 days of the invoice. [1]\n"
        "- south.txt: Payment is due within 14 days of the invoice. [2]\n\n"
        "**Only in north.txt**\n- The contract ends on 31 May. [1]\n\n"
        "**Only in south.txt**\n- Ferries must carry dogs free. [2]"
    )
    for question in ("Compare north.txt and south.txt", "What is the difference between the two documents?"):
        assert (await ask(setting, question)).text == wanted
    turned = await ask(setting, "Compare south.txt and north.txt")
    assert turned.text.index("14 days") < turned.text.index("30 days")
    by_model = await ask(setting, "Compare north.txt and south.txt", mode="generate")
    assert by_model.text == "They differ in days. [1]"
    shown = setting.models.sent[-1][-1]["content"]
    assert "30 days" in shown
    assert "14 days" in shown
    await setting.close()


async def test_two_documents_are_compared_on_a_topic(database: Database) -> None:
    await make_collection(database, "c", [Page("north.txt", [NORTH]), Page("south.txt", [SOUTH])])
    setting = OverviewSetting(database)
    answer = await ask(setting, "Compare payment in north.txt and south.txt")
    assert answer.text.startswith("**north.txt**\n- Payment is due within 30 days")
    assert "**south.txt**\n- Payment is due within 14 days" in answer.text
    await setting.close()


async def test_documents_without_a_common_sentence_are_told_one_after_the_other(setting: OverviewSetting) -> None:
    answer = await ask(setting, "Compare handbook.md with prices.md")
    assert answer.text.startswith(f"**handbook.md**\n- {HANDBOOK} [1]")
    assert f"**prices.md**\n- {PRICES}" in answer.text


async def test_a_comparison_of_unnamed_documents_asks_for_two(setting: OverviewSetting, database: Database) -> None:
    async with database.transaction() as connection:
        row = await connection.fetchrow("SELECT id, space_id FROM collections")
        assert row is not None
        await add_page(
            connection, row["id"], row["space_id"], Page("third.md", ["A third document of some words."])
        )
    answer = await ask(setting, "Compare these documents")
    assert answer.text == "Name two documents to compare. There are:\n- handbook.md\n- prices.md\n- third.md"


async def test_two_topics_are_compared_from_what_is_found_for_each(setting: OverviewSetting) -> None:
    answer = await ask(setting, "Compare ferry ticket and harbour of Amberg")
    assert answer.text.startswith("**ferry ticket**\n- ")
    assert "**harbour of Amberg**\n- " in answer.text
    assert PRICES in answer.text
    assert HANDBOOK in answer.text
    assert len(answer.citations) >= 2


async def test_all_of_a_kind_are_listed_document_by_document(database: Database) -> None:
    await make_collection(
        database,
        "c",
        [
            Page("a.md", ["The deadline for bids is 1 May. Ferries leave hourly from the harbour."]),
            Page("b.md", ["Deadlines may not be moved. The deadline for bids is 1 May.", "- None\n- Ask early"],
                 {}, [None, "Deadlines"]),
        ],
    )  # fmt: skip
    setting = OverviewSetting(database, SummarisingModels(["1 May. [1]"]))
    answer = await ask(setting, "List all deadlines")
    assert answer.text.count("The deadline for bids is 1 May.") == 1
    assert "Deadlines may not be moved." in answer.text
    assert "- Ask early" in answer.text
    assert "Ferries leave" not in answer.text
    assert {source.filename for source in answer.sources} <= {"a.md", "b.md"}
    one = await ask(setting, "List all deadlines in a.md")
    assert one.text == "**a.md**\n- The deadline for bids is 1 May. [1]"
    written = await ask(setting, "List all deadlines", mode="generate")
    assert written.text == "1 May. [1]"
    await setting.close()


async def test_a_kind_that_no_document_speaks_of_is_not_found(setting: OverviewSetting) -> None:
    answer = await ask(setting, "List all volcanoes of xylophonia")
    assert answer.outcome == "no_context"


@pytest.mark.parametrize(
    ("intent", "text"), [("files", "Documents: 2"), ("Summary.", "prices"), ("fact", "a fact"), ("poem", "a fact")]
)
async def test_a_model_tells_what_no_rule_does_and_is_asked_once(
    database: Database, intent: str, text: str
) -> None:
    await make_collection(database, "c", PAGES)
    models = SummarisingModels(["About prices and the ferry."], intent=intent)
    setting = OverviewSetting(database, models)
    for _ in range(2):
        assert text in (await ask(setting, "Are there any docs at all in this place?", mode="generate")).text
    assert sum(sent[0]["content"].startswith("Tell what") for sent in models.sent) == 1
    await setting.close()


async def test_the_model_is_not_asked_what_a_plain_question_means(setting: OverviewSetting) -> None:
    await ask(setting, "When does the ferry leave?", mode="generate")
    assert setting.models.sent == []
