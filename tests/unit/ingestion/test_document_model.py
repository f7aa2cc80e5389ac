"""Elements become sections of text: nothing is left out, and what belongs apart stays apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ingestion.document.model import (
    Body,
    Comment,
    Heading,
    Lines,
    ListItem,
    Note,
    PageStart,
    Paragraph,
    Section,
    Table,
    linked,
    superscript,
)
from app.ingestion.document.sections import sections_of, text_of


def written(*elements: Body | PageStart) -> list[Section]:
    return list(sections_of(elements))


@pytest.mark.parametrize(
    ("block", "text"),
    [
        (Paragraph("R&D < 2 bar"), "R&D < 2 bar"),
        (ListItem("Notice is 6 months", "3.2"), "3.2 Notice is 6 months"),
        (ListItem("first\nsecond", "-", 1), "  - first\n    second"),
        (Table((("Porto", "2", ""),), (("City", "Fires", "Note"),)), "| City | Fires | Note |\n| Porto | 2 |  |"),
        (Lines("a = 1\n", "py"), "```py\na = 1\n```"),
        (Lines("10:00 start\n10:01 end"), "10:00 start\n10:01 end"),
        (Note("See page 4.", "7"), "[7] See page 4."),
        (Comment("Rent rises", "Ada"), "[Comment by Ada] Rent rises"),
        (Comment("Rent rises"), "[Comment] Rent rises"),
    ],
)
def test_each_kind_of_block_is_written_in_its_own_way(block: Body, text: str) -> None:
    assert text_of([block]) == text


def test_items_of_a_list_stand_together_and_other_blocks_apart() -> None:
    blocks: list[Body] = [Paragraph("Before"), ListItem("one", "1."), ListItem("two", "2."), Paragraph("After")]
    assert text_of(blocks) == "Before\n\n1. one\n2. two\n\nAfter"


def test_a_table_that_comes_in_parts_has_its_header_once() -> None:
    header = (("id", "name"),)
    [section] = written(Table((("1", "a"),), header), Table((("2", "b"),), header, continued=True))
    assert section.text == "| id | name |\n| 1 | a |\n| 2 | b |"


def test_a_section_ends_with_its_page_and_with_its_heading() -> None:
    sections = written(
        PageStart(1),
        Heading(1, "Guide"),
        Heading(2, "Set-up"),
        Paragraph("Run it."),
        PageStart(2),
        Paragraph("Go on."),
        Heading(1, "End"),
    )
    assert [(each.page, each.heading, each.text) for each in sections] == [
        (1, "Guide", "Guide"),
        (1, "Guide > Set-up", "Set-up\n\nRun it."),
        (2, "Guide > Set-up", "Go on."),
        (2, "End", "End"),
    ]


def test_a_paragraph_over_two_pages_is_a_section_with_both() -> None:
    sections = written(
        PageStart(1), Paragraph("a"), Paragraph("b goes on", last_page=2), PageStart(2), Paragraph("c")
    )
    assert [(each.page, each.last_page, each.text) for each in sections] == [
        (1, None, "a"),
        (1, 2, "b goes on"),
        (2, None, "c"),
    ]


def test_a_section_does_not_grow_with_its_table() -> None:
    parts = [Table((("x" * 1000,),) * 100, continued=bool(n)) for n in range(10)]
    assert len(written(*parts)) > 3


@given(st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), max_size=20))
def test_nothing_is_left_out_because_it_occurs_twice(texts: list[str]) -> None:
    sections = written(*map(Paragraph, texts))
    assert "\n\n".join(section.text for section in sections).split("\n\n") == (texts or [""])


@pytest.mark.parametrize(
    ("text", "address", "written_as"),
    [
        ("firmware", "https://dl.example.org/fw/4.3.bin", "firmware <https://dl.example.org/fw/4.3.bin>"),
        ("https://example.org/", "https://example.org", "https://example.org/"),
        ("ada@example.org", "mailto:ada@example.org", "ada@example.org"),
        ("above", "#top", "above"),
        ("plain", None, "plain"),
        ("", "https://example.org/a", "<https://example.org/a>"),
    ],
)
def test_a_link_keeps_its_address(text: str, address: str | None, written_as: str) -> None:
    assert linked(text, address) == written_as


def test_raised_digits_are_not_read_as_part_of_the_number() -> None:
    assert "10" + superscript("6") == "10^6"
    assert superscript(" ") == " "
