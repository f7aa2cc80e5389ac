"""What a collection's settings say of how it is searched, and that no cached result outlives them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.documents import Collection, EmbeddingSpace
from app.domain.retrieval import Query
from app.retrieval.settings import RetrievalSettings
from app.services.search.cached import _key_spec

BORN = datetime(2026, 1, 1, tzinfo=UTC)


def collection_of(
    settings: dict[str, Any] | None = None, *, language: str = "english", model: str = "m"
) -> Collection:
    space = EmbeddingSpace(1, model, "d", 3, "", "")
    return Collection(1, "default", "default", "", language, 1, space, BORN, BORN, settings or {})


def key(settings: dict[str, Any]) -> str:
    return _key_spec(collection_of(settings), Query("default", "default", "a question")).key.digest


def test_what_is_not_set_is_as_measured() -> None:
    default = RetrievalSettings()
    assert RetrievalSettings.of(collection_of({})) == default
    assert RetrievalSettings.of(collection_of({"retrieval": {}})) == default
    given = {"cache": {"ttl": 5}, "retrieval": {"ef_search": 40, "of_a_later_release": 1}}
    assert RetrievalSettings.of(collection_of(given)) == RetrievalSettings(
        default.lexical_weight, default.repeat_penalty, default.reranker, 40
    )


@pytest.mark.parametrize(
    ("language", "model", "weight"),
    [
        ("english", "all-minilm", 0.45),
        ("arabic", "all-minilm:latest", 0.85),
        ("simple", "bge-small-en-v1.5", 0.85),
        ("arabic", "bge-m3", 0.45),
    ],
)
def test_words_count_more_where_the_model_does_not_know_the_language(
    language: str, model: str, weight: float
) -> None:
    collection = collection_of(language=language, model=model)
    assert RetrievalSettings.of(collection).lexical_weight == weight
    assert RetrievalSettings.of(collection.searched_as({"lexical_weight": 0.3})).lexical_weight == 0.3


@pytest.mark.parametrize(
    "changed", [{"lexical_weight": 0.2}, {"repeat_penalty": 0}, {"reranker": "proximity"}, {"ef_search": 40}]
)
def test_every_setting_of_retrieval_is_part_of_the_key(changed: dict[str, Any]) -> None:
    assert key({"retrieval": changed}) != key({})


def test_limits_of_the_cache_are_no_part_of_the_key() -> None:
    assert key({"cache": {"ttl": 5}}) == key({})
