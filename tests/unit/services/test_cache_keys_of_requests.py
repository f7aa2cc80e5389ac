"""What a request and its collection bring into the key: each field that changes a result, and no other."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from app.api.schemas.chat import ChatRequest
from app.api.schemas.search import SearchRequest
from app.cache.keys import KeySpec
from app.cache.stream_cache import StreamCache
from app.domain.answers import AnswerRequest, AnswerStyle, Event, Message
from app.domain.documents import Collection, EmbeddingSpace
from app.domain.retrieval import Query, SearchMode
from app.services.answering.cached import CachedAnswers
from app.services.answering.model_facts import ModelDigests
from app.services.answering.pipeline import AnswerPipeline
from app.services.documents.collection_cache import CollectionCache
from app.services.search import embedding_cache
from app.services.search.cached import CachedSearch
from app.services.search.service import SearchService
from tests.support.answering import Facts
from tests.support.cache.assembly import assemble

THEN = datetime(2026, 11, 1, tzinfo=UTC)
LATER = THEN + timedelta(days=1)
SPACE = EmbeddingSpace(1, "all-minilm", "sha256:1", 384)
COLLECTION = Collection(1, "acme", "docs", "", "english", 7, SPACE, THEN, THEN)
QUERY = Query("acme", "docs", "What is amber?")
ASKED = AnswerRequest("acme", "docs", "What is amber?", model="smollm2:135m")


def names(kind: Any) -> set[str]:
    return {field.name for field in fields(kind)}


def search_key(query: Query = QUERY, collection: Collection = COLLECTION) -> str:
    """With the keys of other searches remembered, as they are in a process that serves."""
    search = CachedSearch(cast("SearchService", None), cast("CollectionCache", None), assemble().chain)
    search._spec(COLLECTION, QUERY)
    return search._spec(collection.searched_as(query.retrieval), query).key.digest


class Models:
    def __init__(self, digest: str = "sha256:2") -> None:
        self.digest = digest

    async def show(self, model: str) -> Any:
        assert model
        return Facts(4096, self.digest)


class Shelf:
    def __init__(self, collection: Collection) -> None:
        self.collection = collection

    async def resolve(self, tenant: str, name: str) -> Collection:
        return replace(self.collection, tenant=tenant, name=name)


async def answer_key(
    asked: AnswerRequest = ASKED, collection: Collection = COLLECTION, digest: str = "sha256:2"
) -> str:
    pipeline = cast("AnswerPipeline", None)
    streams: StreamCache[Event] = StreamCache(assemble().chain)
    answers = CachedAnswers(pipeline, streams, Shelf(collection), ModelDigests(Models(digest)))
    partition = await answers._partition(asked, collection.searched_as(asked.retrieval))
    return KeySpec(partition, asked.question).key.digest


OF_QUERIES: dict[str, Any] = {
    "tenant": "other",
    "text": "What is basalt?",
    "top_k": 6,
    "mode": SearchMode.LEXICAL,
    "filter": {"year": 2026},
    "retrieval": {"lexical_weight": 0.7},
}
OF_ASKED: dict[str, Any] = {
    "tenant": "other",
    "question": "What is basalt?",
    "history": (Message("user", "Hello"), Message("assistant", "Hi")),
    "top_k": 6,
    "model": "other:1b",
    "mode": "quote",
    "style": AnswerStyle(length="brief"),
    "temperature": 0.5,
    "max_tokens": 100,
    "thinking": True,
    "max_context": 1024,
    "filter": {"year": 2026},
    "retrieval": {"lexical_weight": 0.7},
}
# Whatever changes here moves `updated_at` along.
OF_COLLECTIONS: dict[str, Any] = {
    "id": 2,
    "space": replace(SPACE, id=2),
    "created_at": LATER,
    "settings": {"lexical_weight": 0.7},
}
# A collection keeps its language. Its version and its statistics are compared on each hit, so that a result can be
# carried forward.
OF_NO_KEY: dict[str, Any] = {
    "name": "renamed",
    "description": "About stones",
    "language": "german",
    "corpus_version": 8,
    "statistics": 3,
    "updated_at": LATER,
    "settings": {"cache": {"ttl": 60}},
    "readers": ("geologists",),
    "writers": ("key:mine",),
}
OF_SPACES: dict[str, Any] = {
    "model": "other",
    "digest": "sha256:9",
    "dimension": 2,
    "query_prefix": "query: ",
    "document_prefix": "passage: ",
}


def test_every_field_there_is_has_its_place_here() -> None:
    """A collection is in a key by its id, named documents by the filter. The controls say how a result is had."""
    assert names(Query) == {*OF_QUERIES, "collection"}
    assert names(Collection) == {*OF_COLLECTIONS, *OF_NO_KEY, "tenant"}
    assert names(EmbeddingSpace) == {*OF_SPACES, "id"}
    control = {"cache", "semantic"}
    assert set(SearchRequest.model_fields) == names(Query) - {"tenant", "text"} | {"query", "documents", *control}
    ours = {"tenant", "history", "remember", "retrieval", "background", "enrolment", "asked_at", "given"}
    assert names(AnswerRequest) == {*OF_ASKED, "collection", "conversation_id", "replaces", *ours, *control}
    asked = names(AnswerRequest) - ours - {"style", "max_context"} | names(AnswerStyle)
    assert set(ChatRequest.model_fields) == asked | {"messages", "stream", "documents"}


@pytest.mark.parametrize("name", OF_QUERIES)
def test_each_field_of_a_search_changes_its_key(name: str) -> None:
    assert search_key(replace(QUERY, **{name: OF_QUERIES[name]})) != search_key()


@pytest.mark.parametrize("name", OF_ASKED)
async def test_each_field_of_a_question_changes_the_key_of_its_answer(name: str) -> None:
    assert await answer_key(replace(ASKED, **{name: OF_ASKED[name]})) != await answer_key()


async def test_a_chat_model_with_new_weights_has_answers_of_its_own() -> None:
    assert await answer_key(digest="sha256:3") != await answer_key()


async def test_entries_of_before_are_found_under_their_keys() -> None:
    """Changed digests leave every stored entry behind: raise `KEY_FORMAT` and say so in the changelog."""
    assert search_key() == "5a4373988938ba2e4a2068c3c03057a0c01d9e7316e38b157c751e5759eff0df"
    assert await answer_key() == "a1fea7e9f7ed9d9fa83face4d966af43b503e9d6227fe61cf7e9c9e68597ecaa"


def test_a_reranker_is_named_in_the_key() -> None:
    search = CachedSearch(cast("SearchService", None), cast("CollectionCache", None), assemble().chain)
    query = replace(QUERY, retrieval={"reranker": "proximity"})
    spec = search._spec(COLLECTION.searched_as(query.retrieval), query)
    assert spec.partition.reranker == "proximity"
    assert spec.about(None).metadata["reranker"] == "proximity"


async def test_results_that_a_cross_encoder_orders_are_its_own() -> None:
    query = replace(QUERY, retrieval={"reranker": "cross_encoder"})
    collection = COLLECTION.searched_as(query.retrieval)
    keys = set()
    for reranker in ("", "one", "other"):
        search = CachedSearch(
            cast("SearchService", None), cast("CollectionCache", None), assemble().chain, reranker=reranker
        )
        keys.add(search._spec(collection, query).key.digest)
        assert search._spec(COLLECTION, QUERY).key.digest == search_key()
    assert len(keys) == 3


@pytest.mark.parametrize("name", OF_COLLECTIONS)
async def test_what_changes_results_in_a_collection_changes_their_keys(name: str) -> None:
    changed = replace(COLLECTION, updated_at=LATER, **{name: OF_COLLECTIONS[name]})
    assert search_key(collection=changed) != search_key()
    assert await answer_key(collection=changed) != await answer_key()


@pytest.mark.parametrize("name", OF_NO_KEY)
async def test_what_changes_no_result_leaves_keys_as_they_are(name: str) -> None:
    changed = replace(COLLECTION, **{name: OF_NO_KEY[name]})
    assert search_key(collection=changed) == search_key()
    assert await answer_key(collection=changed) == await answer_key()


@pytest.mark.parametrize("name", OF_SPACES)
def test_whatever_shapes_vectors_changes_the_keys_of_vectors(name: str) -> None:
    changed = replace(COLLECTION, space=replace(SPACE, **{name: OF_SPACES[name]}))
    assert embedding_cache._partition(changed).digest != embedding_cache._partition(COLLECTION).digest
    other = replace(COLLECTION, tenant="other")
    assert embedding_cache._partition(other).digest != embedding_cache._partition(COLLECTION).digest
