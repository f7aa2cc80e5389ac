"""A document is summarised in its own sentences."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.domain.documents import Chunk
from app.generation.overviews.summaries import key_sentences


def chunk(number: int, text: str, section: str | None = None) -> Chunk:
    return Chunk(number, UUID(int=1), "ferry.md", 1, number, text, len(text.split()), None, section)


FERRY = [
    chunk(1, "The ferry line joins the harbour of Amberg with the island of Brenn.", "Ferry"),
    chunk(
        2,
        "The ferry leaves the harbour of Amberg every hour for the island. A gull was seen last autumn near buoys. "
        "See also: <a.md> and <b.md> and <c.md> and other pages of this handbook.",
        "Ferry > Timetable",
    ),
    chunk(3, "Dogs travel free on the ferry to the island of Brenn. Yes.", "Ferry > Animals"),
]


def test_it_begins_as_the_document_does_and_goes_on_section_by_section() -> None:
    keys = key_sentences(FERRY, 9)
    assert [(key.section, key.text) for key in keys] == [
        (None, "The ferry line joins the harbour of Amberg with the island of Brenn."),
        ("Timetable", "The ferry leaves the harbour of Amberg every hour for the island."),
        ("Animals", "Dogs travel free on the ferry to the island of Brenn."),
    ]


def test_of_many_sections_the_ones_that_say_most_are_kept() -> None:
    assert [key.section for key in key_sentences(FERRY, 2)] == [None, "Timetable"]


def test_a_document_without_sections_gives_its_best_sentences() -> None:
    keys = key_sentences([chunk(one.ordinal, one.text) for one in FERRY], 3)
    assert len(keys) == 3
    assert "gull" not in " ".join(key.text for key in keys)


def test_nothing_is_said_of_a_document_without_sentences() -> None:
    assert key_sentences([], 9) == []
    assert key_sentences([chunk(1, "| a | b |\n| 1 | 2 |")], 9) == []


@given(st.lists(st.tuples(st.text(max_size=200), st.sampled_from([None, "A", "A > B", "A > C"])), max_size=8))
def test_no_more_than_asked_for_and_all_word_for_word(texts: list[tuple[str, str | None]]) -> None:
    chunks = [chunk(number, text, section) for number, (text, section) in enumerate(texts)]
    keys = key_sentences(chunks, 3)
    assert len(keys) <= 3
    for key in keys:
        assert "".join(key.text.split()) in "".join(key.chunk.text.split())
