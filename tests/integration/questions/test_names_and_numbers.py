"""What people know of a document finds it, and a number is found however it is written."""

from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.database import Database, PooledConnection
from app.db.search import lexical_index
from app.domain.reading import DocumentProperties, names_of
from app.domain.retrieval import Query, SearchMode
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.service import SearchService
from tests.support.corpus import TENANT, Page, StoredCollections, embed_query, make_collection
from tests.support.ingestion import Desk, file_of

PAGES = [
    Page("CV_Jane_Roe.txt", ["Six years as a nurse. Speaks French."]),
    Page("CV_John_Doe.txt", ["Ten years as an engineer. Speaks Polish and English."]),
    Page("sales/report_Q3.xlsx", ["The revenue rose by a tenth."]),
    Page("sales/report_Q4.xlsx", ["The revenue fell by a tenth."]),
    Page("minutes.md", ["The budget was agreed."], {"title": "Board meeting", "author": "Ada Byron"}),
    Page("costs.txt", ["The repair cost 3,480 euros.", "The hall cost 1.250.000 euros, the roof 12,5 % of it."]),
    Page("hours.txt", ["Ueberstunden are paid in the street called Lange Strasse."]),
]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, min_size=1, max_size=4)
    yield database
    await database.close()


async def found(database: Database, *questions: str, mode: SearchMode = SearchMode.LEXICAL) -> list[str]:
    """The name of the first result of each question."""
    statistics = LexemeStatistics(database)
    search = SearchService(database, StoredCollections(database), embed_query, statistics)
    results = [(await search.search(Query(TENANT, "desk", text, mode=mode))).results for text in questions]
    await statistics.close()
    return [found[0].filename if found else "" for found in results]


@pytest.mark.parametrize("mode", [SearchMode.LEXICAL, SearchMode.HYBRID])
async def test_a_document_is_found_by_its_name_its_folder_its_title_and_its_author(
    database: Database, mode: SearchMode
) -> None:
    await make_collection(database, "desk", PAGES)
    asked = {
        "Which languages does Jane Roe speak?": "CV_Jane_Roe.txt",
        "John Doe's languages": "CV_John_Doe.txt",
        "the revenue in the Q4 report": "sales/report_Q4.xlsx",
        "report_Q3.xlsx": "sales/report_Q3.xlsx",
        "board meeting": "minutes.md",
        "what did Ada Byron write": "minutes.md",
    }
    assert await found(database, *asked, mode=mode) == list(asked.values())


async def test_a_number_is_found_in_each_of_its_spellings(database: Database) -> None:
    await make_collection(database, "desk", PAGES)
    for number in ("3480", "3,480", "3.480", "3'480", "3\u00a0480", "1250000", "1,250,000", "1.250.000", "12.5"):
        assert await found(database, number) == ["costs.txt"], number
    assert await found(database, "348", "125") == ["", ""]


async def test_umlauts_are_found_in_both_spellings_whatever_the_language(database: Database) -> None:
    await make_collection(database, "desk", PAGES)
    await make_collection(database, "tisch", PAGES, language="german")
    assert await found(database, "Überstunden", "Ueberstunden", "Straße") == ["hours.txt"] * 3


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[PooledConnection]:
    async with database.connection() as connection:
        yield connection


def grouped(number: int, separator: str) -> str:
    return f"{number:,}".replace(",", separator)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.integers(0, 10**12),
    separators=st.lists(st.sampled_from(["", ",", ".", "'", "\u2019", "\u00a0", "\u202f"]), min_size=2, max_size=2),
    cents=st.sampled_from([None, "50", "05"]),
)
async def test_two_spellings_of_a_number_share_a_lexeme(
    connection: PooledConnection, number: int, separators: Sequence[str], cents: str | None
) -> None:
    spelled = []
    for separator in separators:
        point = "," if separator == "." else "."
        spelled.append(grouped(number, separator) + (f"{point}{cents}" if cents else ""))
    shared = await connection.fetchval(
        """SELECT count(*) FROM unnest(lexemes('english', 1, 'they paid ' || $1 || ' in all')) one
        JOIN unnest(lexemes('english', 1, $2)) other USING (lexeme)""",
        *spelled,
    )
    plain = await connection.fetchval("SELECT count(*) FROM unnest(lexemes('english', 1, $1))", spelled[1])
    assert shared >= 1
    assert plain >= 1


@pytest.mark.parametrize("kept", ["192.168.100.20", "14.02.2023", "v1.2.3", "a1,234", "12345,678"])
async def test_what_is_no_grouped_number_keeps_its_words(connection: PooledConnection, kept: str) -> None:
    spelled = await connection.fetchval("SELECT spelled_numbers($1)", kept)
    assert spelled.split(" ")[0] == kept


async def test_a_page_that_the_question_names_comes_first(database_url: str) -> None:
    desk = await Desk.open(database_url)
    await desk.add("alpha beta 3\ngamma delta page\nepsilon zeta", "outline.txt")
    async with desk.database.transaction() as connection:
        await connection.execute("UPDATE chunks SET page = ordinal + 1")
        collection = await desk.collections.resolve(TENANT, "default")
        await connection.execute("DELETE FROM lexeme_snapshots")
        await lexical_index.refresh_statistics(connection, collection.id)

    async def embed(*_: object) -> object:
        return desk.embedder.vector("", collection.space.dimension)

    statistics = LexemeStatistics(desk.database)
    search = SearchService(desk.database, desk.collections, embed, statistics)  # type: ignore[arg-type]
    for question in ("What is on page 3?", "What does the third page of the outline say?", "Seite 3"):
        results = (await search.search(Query(TENANT, "default", question))).results
        assert results[0].text == "epsilon zeta", question
    await statistics.close()
    await desk.database.close()


async def test_a_new_name_or_title_finds_every_passage_at_once(database_url: str) -> None:
    desk = await Desk.open(database_url)
    document = await desk.add("alpha\nbeta", "first.txt")

    async def passages_with(word: str) -> int:
        async with desk.database.connection() as connection:
            return int(
                await connection.fetchval(
                    """SELECT count(*) FROM chunks
                    WHERE active AND tsv @@ quote_literal(collection_id || '/name:' || $1::text)::tsquery""",
                    word,
                )
            )

    assert await passages_with("first") == 2
    await desk.documents.describe(TENANT, document.id, filename="second.txt")
    assert (await passages_with("first"), await passages_with("second")) == (0, 2)
    await desk.documents.describe(TENANT, document.id, metadata={"title": "Third"})
    assert (await passages_with("third"), await passages_with("second")) == (2, 2)
    # A title that is known only when the file is read to its end.
    desk.loader.properties = DocumentProperties("Fourth")
    await desk.ingest(
        await desk.documents.replace(TENANT, document.id, file_of("second.txt", b"gamma"), metadata={})
    )
    assert (await passages_with("third"), await passages_with("fourth")) == (0, 1)
    await desk.database.close()


def test_names_are_said_once_and_no_longer_than_a_name() -> None:
    stated = DocumentProperties("Leave", "Jane Roe")
    assert (
        names_of("leave.md", stated, {"title": "Leave", "date": "May", "pages": 3}) == "leave.md Leave Jane Roe May"
    )
    assert len(names_of("a.md", DocumentProperties("x" * 999), {})) == 205
