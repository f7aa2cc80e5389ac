"""Sentences are found where they stand, whatever they are written in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.generation.sentences import Kind, sentences_of


def said(text: str) -> list[str]:
    return [sentence.of(text) for sentence in sentences_of(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two? Three!", ["One.", "Two?", "Three!"]),
        ("He said “Stop.” Then he left.", ["He said “Stop.”", "Then he left."]),
        (
            "It was in the U.S. Army (Col. A. B. Smith). It ended.",
            ["It was in the U.S. Army (Col. A. B. Smith).", "It ended."],
        ),
        ("See Fig. 3 and Dr. Who, e.g. there. Next.", ["See Fig. 3 and Dr. Who, e.g. there.", "Next."]),
        ("It costs 3.50 euros. Vat is extra.", ["It costs 3.50 euros.", "Vat is extra."]),
        (
            "They use a default. docker compose up starts it.",
            ["They use a default.", "docker compose up starts it."],
        ),
        ("Das gilt bzw. galt immer. Ende.", ["Das gilt bzw. galt immer.", "Ende."]),
        ("天気はいい。とても暑い！海へ行く。", ["天気はいい。", "とても暑い！", "海へ行く。"]),  # noqa: RUF001 - as it is written
        ("A sentence without an end", ["A sentence without an end"]),
        ("", []),
        (" \n\n ", []),
    ],
)
def test_prose_is_cut_where_sentences_end(text: str, expected: list[str]) -> None:
    assert said(text) == expected


def test_wrapped_lines_are_one_sentence() -> None:
    text = (
        "The listener closes after that, and open answers have so many seconds\n(60) to finish. What is left\nends."
    )
    assert said(text) == [
        "The listener closes after that, and open answers have so many seconds (60) to finish.",
        "What is left ends.",
    ]


def test_items_and_rows_are_sentences_of_their_own() -> None:
    text = "Fruit:\n- apples\n- pears, which\n  are ripe\n\n| name | price |\n| apple | 1 |"
    assert said(text) == ["Fruit:", "- apples", "- pears, which are ripe", "| name | price |", "| apple | 1 |"]
    assert [sentence.kind for sentence in sentences_of(text)][-1] is Kind.ROW


def test_a_code_block_is_quoted_whole_with_its_lines() -> None:
    text = "Run this:\n\n```sh\nmake up\n\nmake test\n```\nThen wait."
    assert said(text) == ["Run this:", "make up\n\nmake test", "Then wait."]
    long = "```\n" + "\n".join(f"line {number} of a long listing" for number in range(40)) + "\n```"
    assert said(long)[7] == "line 7 of a long listing"


def test_a_fence_that_is_never_closed_is_code_to_the_end() -> None:
    assert said("```\nmake up") == ["make up"]


def test_a_title_is_told_from_what_stands_below_it() -> None:
    text = "Five minutes\n\nYou need Linux.\n\nMIT licensed."
    assert [sentence.kind for sentence in sentences_of(text)] == [Kind.TITLE, Kind.PROSE, Kind.PROSE]


def test_a_sentence_without_end_is_cut_into_readable_parts() -> None:
    parts = said("one part of it; " * 200)
    assert all(len(part) <= 700 for part in parts)
    assert "".join(parts).replace(" ", "") == ("one part of it; " * 200).replace(" ", "")
    assert all(len(part) <= 700 for part in said("x" * 5000))


@given(st.text(alphabet=st.sampled_from('aB1 .!?\n|-`。\t"”'), max_size=200) | st.text(max_size=120))
def test_places_are_in_order_and_nothing_but_fences_is_left_out(text: str) -> None:
    found = sentences_of(text)
    places = [place for sentence in found for place in (sentence.start, sentence.end)]
    assert places == sorted(places)
    assert all(sentence.of(text).strip() for sentence in found)
    kept = "".join(text[sentence.start : sentence.end] for sentence in found)
    outside = [line for line in text.splitlines() if not line.lstrip().startswith(("```", "~~~"))]
    assert (
        sorted("".join(kept.split())) == sorted("".join("".join(outside).split())) or "```" in text or "~~~" in text
    )
