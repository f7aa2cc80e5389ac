"""Keys: everything that changes a result changes the key, and nothing else does."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cache.entry import freeze
from app.cache.keys import KEY_FORMAT, KeySpec, Partition, canonical_json, normalise

BASE = Partition("answer", "acme", 1)
CHANGES: dict[str, Any] = {
    "namespace": "retrieval",
    "tenant": "other",
    "collection": 2,
    "founded": "2026-11-01T12:00:00+00:00",
    "conversation": "f00",
    "retrieval": {"top_k": 6},
    "filters": {"team": "x"},
    "embedder": "all-minilm",
    "embedder_digest": "d1",
    "reranker": "r",
    "chat_model": "smollm2:135m",
    "chat_model_digest": "d2",
    "prompt": "2",
    "sampling": {"temperature": 0.1},
    "key_format": KEY_FORMAT + 1,
}


def test_every_field_of_the_partition_is_covered_here() -> None:
    assert {field.name for field in fields(Partition)} == set(CHANGES)
    assert {field.name for field in fields(KeySpec)} == {"partition", "question", "ttl", "statistics"}


@pytest.mark.parametrize("name", CHANGES)
def test_changing_any_field_changes_the_partition_and_the_key(name: str) -> None:
    changed = replace(BASE, **{name: CHANGES[name]})
    assert changed.digest != BASE.digest
    assert KeySpec(changed, "q").key.digest != KeySpec(BASE, "q").key.digest


def test_the_question_changes_the_key_and_not_the_partition() -> None:
    one, other = KeySpec(BASE, "one").key, KeySpec(BASE, "other").key
    assert one.digest != other.digest
    assert one.partition == other.partition == BASE.digest


def test_what_a_hit_is_checked_by_is_no_part_of_its_key() -> None:
    assert KeySpec(BASE, "one", ttl=60, statistics="3").key == KeySpec(BASE, "one").key


def test_digests_are_64_hex_characters_and_do_not_change_between_releases() -> None:
    assert BASE.digest == "ed1da129c4608ed54d5deaa3cbb8136d1a0769658f4af89d9b3fc2a9b940e01c"
    assert (
        KeySpec(BASE, "What is a cache?").key.digest
        == "300b63309cb49f800c4cd136ae97a7e37ef302b3af502d51b4541d62b46464a5"
    )


def test_questions_that_differ_in_form_only_share_a_key() -> None:
    assert normalise("  Caf\u0065\u0301\n\t au  lait? ") == "Café au lait?"
    assert KeySpec(BASE, " a  b").key == KeySpec(BASE, "a b").key


def test_case_is_kept_because_it_can_change_the_meaning() -> None:
    assert KeySpec(BASE, "US policy").key.digest != KeySpec(BASE, "us policy").key.digest


def test_the_order_of_a_mapping_does_not_matter() -> None:
    one = replace(BASE, retrieval={"a": 1, "b": [2, {"c": 3, "d": 4}]})
    other = replace(BASE, retrieval={"b": [2, {"d": 4, "c": 3}], "a": 1})
    assert one.digest == other.digest


def test_the_last_tier_is_told_what_the_entry_is_about() -> None:
    about = KeySpec(replace(BASE, filters={"team": "x"}, chat_model="m"), "q").about(7)
    assert (about.question, about.corpus_version) == ("q", 7)
    assert about.parameters["filters"] == {"team": "x"}
    assert about.metadata["chat_model"] == "m"


def test_what_has_no_canonical_form_is_refused() -> None:
    with pytest.raises(TypeError, match="set is not JSON"):
        canonical_json({1, 2})


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


def shape(value: Any) -> Any:
    """What two values must share to be the same: equality, told apart by type."""
    match value:
        case dict():
            return ("map", frozenset((shape(key), shape(item)) for key, item in value.items()))
        case list():
            return ("list", tuple(map(shape, value)))
        case float():
            return ("float", value.hex())
        case _:
            return (type(value).__name__, value)


@given(plain, plain)
def test_encodings_are_equal_exactly_when_the_values_are(one: Any, other: Any) -> None:
    assert (canonical_json(one) == canonical_json(other)) == (shape(one) == shape(other))


def test_frozen_values_encode_as_the_plain_ones() -> None:
    value = {"a": [0, {"b": 1}]}
    assert canonical_json(freeze(value)) == canonical_json(value)
