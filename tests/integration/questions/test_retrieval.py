"""Search against a real PostgreSQL."""

import math
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from app.db.database import Database
from app.db.search import lexical_index, passages
from app.domain.documents import Collection
from app.domain.retrieval import Query, SearchMode, Vector
from app.errors import InputTooLong, InvalidInput, NotFound
from app.retrieval.fusion import fuse
from app.services.documents.collection_cache import CollectionCache
from app.services.evidence.ranking import PassageRanker
from app.services.search.cached import CachedSearch
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.service import DEPTH, MAX_QUERY_CHARS, POOL, SearchService
from tests.support.cache.assembly import assemble
from tests.support.corpus import TENANT, Page, StoredCollections, add_page, embed, embed_query, make_collection

ANIMALS = [
    Page("cats.md", ["The cat sleeps on the mat.", "Cats purr when cats are content."], {"kind": "pet"}),
    Page("dogs.md", ["A dog barks at the postman.", "The dog's lead hangs by the door."], {"kind": "pet"}),
    Page("lions.md", ["Lions are big cats that live in prides.", "A lion roars at night."], {"kind": "wild"}),
    Page("codes.md", ["Error code ZX-4711 means that the pump is dry."], {"kind": "manual"}),
]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, min_size=1, max_size=4)
    yield database
    await database.close()


@pytest.fixture
async def animals(database: Database) -> Collection:
    return await make_collection(database, "animals", ANIMALS)


@pytest.fixture
async def keeper(database: Database) -> AsyncIterator[LexemeStatistics]:
    keeper = LexemeStatistics(database)
    yield keeper
    await keeper.close()


@pytest.fixture
def search(database: Database, keeper: LexemeStatistics) -> SearchService:
    return SearchService(database, StoredCollections(database), embed_query, keeper)


def ask(text: str, **options: Any) -> Query:
    return Query(TENANT, "animals", text, **options)


async def test_a_hybrid_search_returns_the_passage_with_both_arms_scores(
    animals: Collection, search: SearchService
) -> None:
    found = await search.search(ask("which cats purr"))
    assert found.results[0].text == "Cats purr when cats are content."
    assert set(found.results[0].scores) == {"vector", "lexical"}
    assert found.results[0].filename == "cats.md"
    assert [result.score for result in found.results] == sorted((r.score for r in found.results), reverse=True)
    assert found.corpus_version == animals.corpus_version
    assert {"embed", "vector", "lexical", "fuse", "fetch", "total"} <= set(found.timings_ms)
    assert set(found.lexemes) == {f"{animals.id}/{lexeme}" for lexeme in ("cat", "purr", "name:cat", "name:purr")}


@pytest.mark.parametrize("mode", list(SearchMode))
async def test_each_mode_reports_the_arms_it_used(
    animals: Collection, search: SearchService, mode: SearchMode
) -> None:
    found = await search.search(ask("a lion roars", mode=mode))
    assert found.results[0].filename == "lions.md"
    assert (found.vector is not None) == (mode is not SearchMode.LEXICAL)
    assert (found.lexical is not None) == (mode is not SearchMode.VECTOR)
    assert (found.query_vector is not None) == (mode is not SearchMode.LEXICAL)


async def test_lexical_scores_are_bm25(database: Database, search: SearchService) -> None:
    texts = [
        "apple banana apple",
        "banana cherry " * 12,
        "apple " * 9 + "cherry date elder fig",
        "date elder fig grape lemon",
        "cherry",
    ]
    collection = await make_collection(
        database, "animals", [Page(f"{i}.txt", [text]) for i, text in enumerate(texts)], language="simple"
    )
    found = await search.search(ask("apple cherry apple", mode=SearchMode.LEXICAL))
    counts = [Counter(text.split()) for text in texts]
    average = sum(len(text.encode()) for text in texts) / len(texts)

    def bm25(index: int) -> float:
        saturation = 1.2 * (0.25 + 0.75 * len(texts[index].encode()) / average)
        total = 0.0
        for word, times in (("apple", 2), ("cherry", 1)):
            holding = sum(1 for count in counts if count[word])
            rarity = math.log(1 + (len(texts) - holding + 0.5) / (holding + 0.5))
            frequency = counts[index][word]
            total += times * rarity * frequency / (frequency + saturation)
        return total

    expected = {f"{i}.txt": bm25(i) for i in range(len(texts)) if bm25(i) > 0}
    assert {result.filename: pytest.approx(result.score) for result in found.results} == expected
    assert found.lexical is not None
    assert found.lexical.exhausted
    assert collection.language == "simple"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("ZX-4711", "codes.md"),
        ("what does zx 4711 mean?", "codes.md"),
        ("cat & !dog | (lion:*) <-> 'mat", "cats.md"),
        ("cat'; DROP TABLE chunks; --", "cats.md"),
        ('\\ \\\' "sleeps" \\\\', "cats.md"),
        ("cat\x00purr", "cats.md"),
        ("cat \ud800 purr", "cats.md"),
        ("purr " + "cat content " * 800, "cats.md"),
    ],
)
async def test_no_spelling_of_a_query_breaks_it(
    animals: Collection, search: SearchService, text: str, first: str
) -> None:
    found = await search.search(ask(text, mode=SearchMode.LEXICAL))
    assert found.results[0].filename == first


@pytest.mark.parametrize("text", ["the of and", "它在哪里", "!!! ???", "ñandú"])
async def test_a_query_that_shares_no_word_is_answered_by_meaning_alone(
    animals: Collection, search: SearchService, text: str
) -> None:
    lexical = await search.search(ask(text, mode=SearchMode.LEXICAL))
    assert lexical.results == ()
    assert lexical.lexical is not None
    assert lexical.lexical.exhausted
    hybrid = await search.search(ask(text))
    assert len(hybrid.results) == 5


@pytest.mark.parametrize(
    "query",
    [
        ask(""),
        ask(" \x00 \n"),
        ask("x" * (MAX_QUERY_CHARS + 1)),
        ask("cat", top_k=0),
        ask("cat", filter={"kind": "\x00"}),
        ask("cat", filter={"kind": "\ud800"}),
        ask("cat", filter={"kind": object()}),
    ],
)
async def test_a_query_that_cannot_be_asked_is_refused(
    animals: Collection, search: SearchService, query: Query
) -> None:
    with pytest.raises(InvalidInput):
        await search.search(query)


async def test_an_unknown_collection_is_not_found(search: SearchService) -> None:
    with pytest.raises(NotFound):
        await search.search(Query(TENANT, "nowhere", "cat"))


async def test_a_query_longer_than_the_models_context_is_embedded_by_its_beginning_and_its_end(
    animals: Collection, database: Database
) -> None:
    asked: list[str] = []

    async def narrow(collection: Collection, text: str) -> Vector:
        asked.append(text)
        if len(text) > 100:
            raise InputTooLong("too long")
        return embed(text)

    keeper = LexemeStatistics(database)
    service = SearchService(database, StoredCollections(database), narrow, keeper)
    found = await service.search(ask(f"{'a lion roars at night ' * 30} or the postman barks"))
    short = await service.search(ask("a lion roars"))
    await keeper.close()
    assert found.results[0].filename == "lions.md"
    assert (found.shortened, short.shortened) == (True, False)
    embedded = asked[-2]
    assert len(embedded) > 50
    assert embedded.startswith("a lion roars")
    assert embedded.endswith("the postman barks"), "the end counts as much as the beginning"


async def test_a_filter_keeps_other_documents_out_of_both_arms(animals: Collection, search: SearchService) -> None:
    found = await search.search(ask("big cats", filter={"kind": "pet"}))
    assert {result.filename for result in found.results} == {"cats.md", "dogs.md"}
    assert (await search.search(ask("big cats", filter={"kind": "none such"}))).results == ()


async def test_what_is_not_visible_is_not_found(
    animals: Collection, database: Database, search: SearchService
) -> None:
    async with database.transaction() as connection:
        await add_page(
            connection, animals.id, animals.space.id, Page("new.md", ["The cat is being ingested."]), visible=False
        )
        await connection.execute("UPDATE documents SET deleted_at = now() WHERE filename = 'lions.md'")
        await connection.execute(
            "UPDATE chunks SET active = false FROM documents d WHERE d.id = document_id AND filename = 'dogs.md'"
        )
    for mode in SearchMode:
        found = await search.search(ask("big cats bark at the cat being ingested", mode=mode))
        names = {result.filename for result in found.results}
        assert names & {"new.md", "lions.md"} == set()
        assert "cats.md" in names


async def test_collections_do_not_see_each_other(
    animals: Collection, database: Database, search: SearchService
) -> None:
    other = await make_collection(database, "other", [Page("other.md", ["Cats purr in another collection."])])
    found = await search.search(Query(TENANT, "other", "cats purr"))
    assert [result.filename for result in found.results] == ["other.md"]
    assert all(lexeme.startswith(f"{other.id}/") for lexeme in found.lexemes)


async def test_equal_passages_are_shown_once_and_one_document_does_not_crowd_out_others(
    database: Database, search: SearchService
) -> None:
    crowd = Page("crowd.md", [f"The pump needs oil, says paragraph {number}." for number in range(6)])
    twin = Page("twin.md", ["The pump needs oil, says paragraph 1."])
    quiet = Page("quiet.md", ["Oil the pump in spring, as the maker's handbook of the year before last advises."])
    await make_collection(database, "animals", [crowd, twin, quiet])
    found = await search.search(ask("the pump needs oil says paragraph", top_k=5))
    names = [result.filename for result in found.results]
    assert len({result.text for result in found.results}) == 5
    assert "quiet.md" in names


async def test_words_that_stand_together_in_the_question_count_more_where_they_stand_together(
    database: Database, search: SearchService
) -> None:
    apart = "The valve was made in spring. Nobody knows who painted it green or when the oil was due. Relief came."
    together = "Nobody knows when the oil was due. It was made in spring, painted green. The relief valve came who."
    pages = [
        Page("apart.md", [apart]),
        Page("together.md", [together]),
        Page("other.md", ["Quite another matter."]),
    ]
    collection = await make_collection(database, "animals", pages)
    query = ask("which relief valve is due for new oil in the spring")
    fused = await search.search(query)
    without = {result.filename: result.score for result in fused.results}
    assert "rerank" not in fused.timings_ms
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE collections SET settings = $2 WHERE id = $1",
            collection.id,
            {"retrieval": {"reranker": "proximity"}},
        )
    reranked = await search.search(query)
    found = {result.filename: result.score for result in reranked.results}
    assert 0 < reranked.timings_ms["rerank"] < reranked.timings_ms["total"]
    gained = {name: found[name] - without[name] for name in found}
    assert gained["together.md"] > gained["apart.md"] >= 0
    assert gained["other.md"] == 0


@pytest.mark.parametrize(("weight", "first"), [(0.0, "meaning.md"), (1.0, "words.md")])
async def test_a_collection_weighs_words_beside_meaning(
    database: Database, animals: Collection, weight: float, first: str
) -> None:
    pages = [
        Page("meaning.md", ["feline creatures"]),
        Page("words.md", ["the cat, the cat, the cat: nothing else"]),
    ]
    async with database.transaction() as connection:
        for page in pages:
            await add_page(connection, animals.id, animals.space.id, page)
        await connection.execute(
            "UPDATE collections SET settings = $2 WHERE id = $1",
            animals.id,
            {"retrieval": {"lexical_weight": weight}},
        )

    async def embed_as_meaning(_collection: Collection, _text: str) -> Vector:
        return embed("feline creatures")

    keeper = LexemeStatistics(database)
    search = SearchService(database, StoredCollections(database), embed_as_meaning, keeper)
    found = await search.search(ask("cat cat cat nothing else about it is asked here"))
    assert found.results[0].filename == first
    await keeper.close()


@pytest.mark.parametrize("phrase", ["valve of relief", "to be or not to be", "機器 學習 方法"])
async def test_a_phrase_is_found_where_it_stands_word_for_word_though_many_passages_rank_before(
    database: Database, search: SearchService, phrase: str
) -> None:
    # Passages with the same words in another order: some of them more often, some with more beside them.
    backwards = " ".join(reversed(phrase.split()))
    others = [
        Page(f"{number}.md", [f"{(backwards + ' ') * (1 + number % 7)}{'filler ' * (number * 5 % 17)}"])
        for number in range(60)
    ]
    there = Page("there.md", [f"{phrase} {'filler ' * 3}"])
    await make_collection(database, "animals", [*others, there])
    found = await search.search(ask(phrase, top_k=1))
    assert [result.filename for result in found.results] == ["there.md"]
    ranked = fuse(vector=found.vector, lexical=found.lexical, depth=DEPTH)
    assert found.results[0].chunk_id not in [item.chunk_id for item in ranked[:POOL]]


async def test_a_connection_comes_back_without_what_was_left_open_on_it(database_url: str) -> None:
    database = await Database.connect(database_url, min_size=1, max_size=1)
    async with database.connection() as connection:
        await connection.execute("BEGIN")
        await connection.execute("CREATE TABLE left_open ()")
    async with database.connection() as connection:
        assert not connection.is_in_transaction()
        assert await connection.fetchval("SELECT to_regclass('left_open')") is None
    await database.close()


@pytest.mark.parametrize(
    ("language", "text", "query"),
    [
        ("simple", "人工智能正在改变我们的生活方式。", "智能生活"),
        ("simple", "東京タワーは高さ333メートルです。", "タワーの高さ"),
        ("simple", "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย", "เมืองหลวง"),
        ("simple", "서울은 대한민국의 수도이다", "대한민국 수도"),
        ("german", "Die Häuser standen am Fluß.", "haus am fluß"),
        ("russian", "Документы хранятся в архиве.", "документ архив"),
        ("hindi", "ज़्यादा पानी मत पीना", "ज़्यादा पानी"),
        ("english", "Ein CAFÉ und ﬁne naïve state-of-the-art AI/ML tools", "café fine naïve state ml"),
        ("simple", "Mixed 深度学习 with learning", "深度学习 learning"),
        ("english", "SageMaker Ground Truth labels images", "GroundTruth"),
        ("english", "Call CreateDatasetGroup first", "how to create a dataset"),
    ],
)
async def test_words_are_found_in_any_script(
    database: Database, search: SearchService, language: str, text: str, query: str
) -> None:
    filler = [Page(f"{i}.md", [f"Nothing of interest number {i}"]) for i in range(3)]
    await make_collection(database, "animals", [Page("hit.md", [text]), *filler], language=language)
    found = await search.search(ask(query, mode=SearchMode.LEXICAL))
    assert [result.filename for result in found.results] == ["hit.md"]


async def test_statistics_change_only_when_the_size_has_moved(animals: Collection, database: Database) -> None:
    async with database.transaction() as connection:
        first = await lexical_index.refresh_statistics(connection, animals.id)
        assert await lexical_index.refresh_statistics(connection, animals.id) == first
        await add_page(connection, animals.id, animals.space.id, Page("more.md", ["A cat, a hat and a bat."] * 3))
        second = await lexical_index.refresh_statistics(connection, animals.id)
        assert second > first
        lexicon = await lexical_index.look_up(connection, animals.id, "english", "cat")
    assert lexicon is not None
    assert lexicon.snapshot == second
    assert lexicon.chunk_count == 10
    assert {term.field: term.chunk_count for term in lexicon.terms} == {"": 6, "name": 2}


async def test_the_first_search_takes_statistics_where_there_are_none(
    animals: Collection, database: Database, search: SearchService
) -> None:
    async with database.transaction() as connection:
        await connection.execute("DELETE FROM lexeme_snapshots")
    found = await search.search(ask("cat", mode=SearchMode.LEXICAL))
    assert found.snapshot is not None
    assert found.results


async def test_neighbours_surround_a_passage_in_reading_order(animals: Collection, database: Database) -> None:
    async with database.connection() as connection:
        last = await connection.fetchval("SELECT id FROM chunks WHERE text LIKE 'Cats purr%'")
        around = await passages.neighbours(connection, [last], 1)
    assert [chunk.ordinal for chunk in around[last]] == [0, 1]


@dataclass
class Preferring:
    """A reranker for which only a text with `word` in it answers; without one, it is late."""

    word: str | None
    asked: list[list[str]] = field(default_factory=list)

    async def score(self, _question: str, texts: Sequence[str]) -> list[float] | None:
        self.asked.append(list(texts))
        return None if self.word is None else [9.0 if self.word in text else -9.0 for text in texts]


CROSS_ENCODED = {"reranker": "cross_encoder"}


def reading_again(database: Database, keeper: LexemeStatistics, scores: Preferring) -> SearchService:
    return SearchService(
        database, StoredCollections(database), embed_query, keeper, ranker=PassageRanker(scores, "any")
    )


@pytest.mark.parametrize("mode", list(SearchMode))
async def test_a_cross_encoder_orders_the_ten_best_however_few_are_wanted(
    animals: Collection, database: Database, keeper: LexemeStatistics, mode: SearchMode
) -> None:
    scores = Preferring("purr")
    search = reading_again(database, keeper, scores)
    plain = await search.search(ask("the cat sleeps when", top_k=1, mode=mode))
    assert (plain.results[0].text, scores.asked) == ("The cat sleeps on the mat.", [])
    found = await search.search(ask("the cat sleeps when", top_k=1, mode=mode, retrieval=CROSS_ENCODED))
    (result,) = found.results
    assert result.text == "Cats purr when cats are content."
    assert result.scores["cross_encoder"] == 9.0
    assert result.score == plain.results[0].score
    assert not found.unscored
    assert len(scores.asked[0]) > 1
    assert "rerank" in found.timings_ms


async def test_a_late_cross_encoder_leaves_the_order_and_its_result_is_not_kept(
    animals: Collection, database: Database, keeper: LexemeStatistics
) -> None:
    scores = Preferring(None)
    collections = cast("CollectionCache", StoredCollections(database))
    search = CachedSearch(reading_again(database, keeper, scores), collections, assemble().chain, reranker="any")
    query = ask("the cat sleeps", top_k=1, retrieval=CROSS_ENCODED)
    late = [await search.find(query) for _ in range(2)]
    assert [found.cached.status for found in late] == ["miss", "miss"]
    assert [found.retrieval.unscored for found in late] == [True, True]
    assert late[0].retrieval.results[0].text == "The cat sleeps on the mat."
    scores.word = "purr"
    in_time = [await search.find(query) for _ in range(2)]
    assert [found.cached.status for found in in_time] == ["miss", "hit"]
    assert {found.retrieval.results[0].text for found in in_time} == {"Cats purr when cats are content."}
