"""Filters keep the documents that they name, and no other, over metadata and the documents' own fields."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.db.database import Database, PooledConnection
from app.db.search.filters import jsonpath_of, predicate_of
from app.domain.filters import with_documents
from app.domain.retrieval import Query, SearchMode
from app.errors import InvalidInput
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.service import SearchService
from tests.support.api import Fakes, client_of
from tests.support.corpus import TENANT, Page, StoredCollections, embed_query, make_collection

PAGES = [
    Page("report_2023.pdf", ["The pump of hall A."], {"year": 2023, "kind": "report", "tags": ["pump", "north"]}),
    Page("report_2024.pdf", ["The pump of hall B."], {"year": 2024, "kind": "report", "due": "2024-03-01"}),
    Page("guide.md", ["The pump of hall C."], {"year": 2025, "kind": "guide", "owner": {"team": "Service Süd"}}),
    Page("note.txt", ["The pump of hall D."], {}),
]
ALL = {page.filename for page in PAGES}


@pytest.fixture
async def search(database_url: str) -> AsyncIterator[SearchService]:
    database = await Database.connect(database_url, min_size=1, max_size=4)
    await make_collection(database, "pumps", PAGES)
    statistics = LexemeStatistics(database)
    yield SearchService(database, StoredCollections(database), embed_query, statistics)
    await statistics.close()
    await database.close()


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ({"year": 2023}, {"report_2023.pdf"}),
        ({"field": "year", "gte": 2024}, {"report_2024.pdf", "guide.md"}),
        ({"year": {"gt": 2023, "lt": 2025}}, {"report_2024.pdf"}),
        ({"kind": {"in": ["guide", "memo"]}}, {"guide.md"}),
        ({"kind": {"nin": ["report"]}}, {"guide.md", "note.txt"}),
        ({"kind": {"ne": "report"}}, {"guide.md", "note.txt"}),
        ({"kind": {"exists": False}}, {"note.txt"}),
        ({"tags": ["pump"]}, {"report_2023.pdf"}),
        ({"tags": {"contains": "north"}}, {"report_2023.pdf"}),
        ({"owner.team": {"contains": "süd"}}, {"guide.md"}),
        ({"due": {"lte": "2024-12-31"}}, {"report_2024.pdf"}),
        ({"filename": "report_*.pdf"}, {"report_2023.pdf", "report_2024.pdf"}),
        ({"filename": "REPORT_2023*"}, {"report_2023.pdf"}),
        ({"field": "created_at", "lt": "2020-01-01"}, set()),
        ({"all": [{"field": "year", "gte": 2023}, {"any": [{"kind": "guide"}, {"tags": "pump"}]}]},
         {"report_2023.pdf", "guide.md"}),
        ({"not": {"kind": "report"}}, {"guide.md", "note.txt"}),
        ({"any": []}, set()),
        ({}, ALL),
    ],
)  # fmt: skip
@pytest.mark.parametrize("mode", list(SearchMode))
async def test_a_filter_keeps_what_it_says(
    search: SearchService, wanted: dict[str, Any], kept: set[str], mode: SearchMode
) -> None:
    found = await search.search(Query(TENANT, "pumps", "pump hall", top_k=10, mode=mode, filter=wanted))
    assert {result.filename for result in found.results} == kept


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ({"field": "year", "gtee": 2023}, "'gtee' on year is no operator"),
        ({"year": {"about": 2023}}, "'about' on year is no operator"),
        ({"year": {}}, "needs an operator"),
        ({"year": {"in": 2023}}, "needs a list"),
        ({"year": {"gte": None}}, "needs a number or a string"),
        ({"year": {"exists": "yes"}}, "true or false"),
        ({"year": {"eq": {"a": 1}}}, "needs a string, a number"),
        ({"all": [1]}, "must be an object"),
        ({"field": "a..b", "eq": 1}, "no name of a field"),
        ({"kind": {"in": list(range(300))}}, "at most 200"),
    ],
)
async def test_what_is_not_understood_is_refused_by_name(
    search: SearchService, wanted: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason):
        await search.search(Query(TENANT, "pumps", "pump", filter=wanted))


@pytest.mark.parametrize("mode", list(SearchMode))
@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ({"page": 2}, {"p2", "p2-3"}),
        ({"field": "page", "gte": 3}, {"p2-3", "p4"}),
        ({"page": {"in": [1, 4]}}, {"p1", "p4"}),
        ({"not": {"page": 2}}, {"p1", "p4", "none"}),
        ({"page": {"exists": False}}, {"none"}),
        ({"any": [{"page": 1}, {"kind": "other"}]}, {"p1"}),
        ({"page": 2, "kind": "other"}, set()),
        ({"metadata.page": 9}, {"p1", "p2", "p2-3", "p4", "none"}),
    ],
)
async def test_a_filter_keeps_the_pages_that_it_names(
    database_url: str, wanted: dict[str, Any], kept: set[str], mode: SearchMode
) -> None:
    database = await Database.connect(database_url, min_size=1, max_size=4)
    names = ["p1", "p2", "p2-3", "p4", "none"]
    texts = [f"The pump of {name}." for name in names]
    await make_collection(database, "pages", [Page("book.pdf", texts, {"kind": "book", "page": 9})])
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE chunks SET page = ('{1,2,2,4,null}'::int[])[ordinal + 1], "
            "last_page = CASE WHEN ordinal = 2 THEN 3 END"
        )
    statistics = LexemeStatistics(database)
    search = SearchService(database, StoredCollections(database), embed_query, statistics)
    found = await search.search(Query(TENANT, "pages", "pump", top_k=10, mode=mode, filter=wanted))
    assert {names[texts.index(result.text)] for result in found.results} == kept
    await statistics.close()
    await database.close()


async def test_named_documents_alone_are_looked_into(search: SearchService) -> None:
    one = (await search.search(Query(TENANT, "pumps", "pump", filter={"filename": "note.txt"}))).results[0]
    wanted = with_documents({"year": {"exists": False}}, [str(one.document_id), "guide.md"])
    found = await search.search(Query(TENANT, "pumps", "pump", filter=wanted))
    assert [result.filename for result in found.results] == ["note.txt"]


async def test_a_bad_filter_is_a_422_that_names_it() -> None:
    async with client_of(Fakes()) as client:
        for path, body in (("/api/search", {"query": "x"}), ("/api/chat", {"question": "x"})):
            answer = await client.post(path, json={**body, "filter": {"field": "year", "near": 1}})
            assert answer.status_code == 422
            assert "'near' on year is no operator" in answer.text


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["a", "b", 'c"d', "e.f", "ü"]))
FIELDS = st.sampled_from(["x", "y", 'q"uote'])
METADATA = st.dictionaries(FIELDS, SCALARS | st.lists(SCALARS, max_size=3), max_size=3)
CONDITIONS = st.one_of(
    st.builds(lambda field, value: {"field": field, "eq": value}, FIELDS, SCALARS),
    st.builds(lambda field, value: {"field": field, "ne": value}, FIELDS, SCALARS),
    st.builds(lambda field, values: {"field": field, "in": values}, FIELDS, st.lists(SCALARS, max_size=3)),
    st.builds(lambda field, values: {"field": field, "nin": values}, FIELDS, st.lists(SCALARS, max_size=3)),
    st.builds(lambda field, value: {"field": field, "gte": value}, FIELDS, st.integers(-3, 3)),
    st.builds(lambda field, there: {"field": field, "exists": there}, FIELDS, st.booleans()),
)
EXPRESSIONS = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)


def same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def holds(wanted: Mapping[str, Any], metadata: Mapping[str, Any]) -> bool:
    """The plain meaning of a filter, which SQL must share."""
    if "all" in wanted:
        return all(holds(part, metadata) for part in wanted["all"])
    if "any" in wanted:
        return any(holds(part, metadata) for part in wanted["any"])
    if "not" in wanted:
        return not holds(wanted["not"], metadata)
    field = wanted["field"]
    there = field in metadata
    values = metadata.get(field, [])
    items = values if isinstance(values, list) else [values]
    ((operator, operand),) = [(name, value) for name, value in wanted.items() if name != "field"]
    choices = operand if operator in ("in", "nin") else [operand]
    equal = [item for item in items if any(same(item, choice) for choice in choices)]
    meanings = {
        "eq": bool(equal),
        "ne": not equal,
        "in": bool(equal),
        "nin": not equal,
        "gte": any(type(item) is int and operator == "gte" and item >= operand for item in items),
        "exists": there is operand,
    }
    return meanings[operator]


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[PooledConnection]:
    database = await Database.connect(database_url, min_size=1, max_size=1)
    async with database.connection() as connection:
        yield connection
    await database.close()


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=EXPRESSIONS, metadata=METADATA)
async def test_sql_and_the_plain_meaning_agree(
    connection: PooledConnection, wanted: dict[str, Any], metadata: dict[str, Any]
) -> None:
    kept = await connection.fetchval(
        "SELECT $1::jsonb @@ $2::text::jsonpath", {"metadata": metadata}, jsonpath_of(wanted)
    )
    assert kept == holds(wanted, metadata)


PAGES_OR_METADATA = st.recursive(
    CONDITIONS | st.builds(lambda page: {"field": "page", "eq": page}, st.integers(1, 3)),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=PAGES_OR_METADATA, metadata=METADATA, page=st.none() | st.integers(1, 3))
async def test_no_document_is_left_out_of_which_a_passage_passes(
    connection: PooledConnection, wanted: dict[str, Any], metadata: dict[str, Any], page: int | None
) -> None:
    where = predicate_of(wanted)
    assert where is not None
    row = await connection.fetchrow(
        """SELECT $1::jsonb @@ $2::text::jsonpath AS document,
        chunk_attributes($1::jsonb, $4, NULL) @@ coalesce($3::text, $2::text)::jsonpath AS chunk""",
        {"metadata": metadata},
        where.documents,
        where.chunks,
        page,
    )
    assert row is not None
    assert row["document"] or not row["chunk"]
