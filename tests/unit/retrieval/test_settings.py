"""What a collection's settings say of how it is searched, and that no cached result outlives them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.documents import Collection, EmbeddingSpace
from app.domain.retrieval import Query
from app.retrieval.settings import RetrievalSettings
from app.services.search.cached import _key_spec

BORN = datetime(2026, 1, 1, tzinfo=UTC)


def key(settings: dict[str, Any]) -> str:
    space = EmbeddingSpace(1, "m", "d", 3, "", "")
    collection = Collection(1, "default", "default", "", "english", 1, space, BORN, BORN, settings)
    return _key_spec(collection, Query("default", "default", "a question")).key.digest


def test_what_is_not_set_is_as_measured() -> None:
    default = RetrievalSettings()
    assert RetrievalSettings.of({}) == RetrievalSettings.of({"retrieval": {}}) == default
    assert RetrievalSettings.of({"cache": {"ttl": 5}, "retrieval": {"ef_search": 40, "of_a_later_release": 1}}) == (
        RetrievalSettings(default.lexical_weight, default.repeat_penalty, default.reranker, 40)
    )


@pytest.mark.parametrize(
    "changed", [{"lexical_weight": 0.2}, {"repeat_penalty": 0}, {"reranker": "proximity"}, {"ef_search": 40}]
)
def test_every_setting_of_retrieval_is_part_of_the_key(changed: dict[str, Any]) -> None:
    assert key({"retrieval": changed}) != key({})


def test_limits_of_the_cache_are_no_part_of_the_key() -> None:
    assert key({"cache": {"ttl": 5}}) == key({})
