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


@given(st.lists(st.tuples(st.text(max_size=200), st.sampled_from([None, "A", "A > B", "A > C"])), max_size=8))
def test_no_more_than_asked_for_and_all_word_for_word(texts: list[tuple[str, str | None]]) -> None:
    chunks = [chunk(number, text, section) for number, (text, section) in enumerate(texts)]
    keys = key_sentences(chunks, 3)
    assert len(keys) <= 3
    for key in keys:
        assert "".join(key.text.split()) in "".join(key.chunk.text.split())


def test_headers_figures_and_halves_of_sentences_stand_for_nothing_where_there_is_better() -> None:
    noise = (
        "Annual report of the ferry line Amberg\n\n14 15 16 17 CHAPTER TWELVE: Harms\n\nindex of harbours, islands,"
        "\n\ntections of the common law were at an end."
    )
    pages = [
        chunk(number, f"{noise}\n\nThe ferry of year {number} carried people to the island of Brenn.")
        for number in range(5)
    ]
    said = [key.text for key in key_sentences(pages, 9)]
    assert len(said) == 5
    assert all(text.startswith("The ferry of year") for text in said)
    assert key_sentences([chunk(1, "harbours, ferries, islands, buoys, gulls and lighthouses")], 3)


def test_a_table_is_told_by_how_it_begins_and_nothing_by_nothing() -> None:
    table = chunk(
        1, "| day | price |\n| --- | --- |\n" + "".join(f"| day {number} | {number} |\n" for number in range(9))
    )
    assert [key.text for key in key_sentences([table], 9)][:2] == ["| day | price |", "| day 0 | 0 |"]
    assert key_sentences([chunk(1, "- \n")], 9) == []
