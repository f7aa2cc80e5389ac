"""PDF files: pages as they are read by eye, whatever the order in which they were written."""

from datetime import UTC, datetime

import pytest

from app.domain.reading import DocumentProperties, WarningKind
from app.errors import UnreadableDocument
from app.ingestion.document.model import (
    Comment,
    Element,
    Heading,
    ListItem,
    PageStart,
    Paragraph,
    ScannedPage,
    Table,
)
from app.ingestion.loaders import media
from app.ingestion.loaders.extract import extract
from tests.support.files.office import elements
from tests.support.files.pdf import PdfPage, grid, lines, pdf, picture, rule, text

LEFT: tuple[str, ...] = (
    "The harbour crane number two",
    "was repaired in April after a",
    "gearbox failure. The crane can",
    "lift 45",
)
LEFT += ("tonnes again. Its next inspection", "is due in October at the pier.")
RIGHT: tuple[str, ...] = (
    "Canteen prices change in June.",
    "The daily menu costs 6.90 euros",
    "and the salad bar 1.20 per 100",
)
RIGHT += ("grams. Guests pay a surcharge", "of two euros for every meal", "that they take in the canteen.")


def found(content: bytes) -> list[Element]:
    return list(elements(content, media.PDF))[1:]


def text_on(*pages: str | PdfPage) -> str:
    content = pdf(*(PdfPage(page) if isinstance(page, str) else page for page in pages))
    return "\n\n".join(section.text for section in extract(content, "a.pdf").sections)


def test_lines_of_a_paragraph_become_running_text_and_short_ones_stay_apart() -> None:
    body = lines(72, 700, "AT&T and R&D cost < 2 * 3 * 4 and 15.3 % of all", "money that they have.", "Second 10")
    assert text_on(body) == "AT&T and R&D cost < 2 * 3 * 4 and 15.3 % of all money that they have.\nSecond 10"


def test_a_gap_parts_paragraphs_and_marks_begin_items() -> None:
    body = lines(72, 700, "One line of text.") + lines(72, 660, "Another one, further down.", "- first", "- second")
    assert found(pdf(PdfPage(body)))[1:] == [
        Paragraph("One line of text."),
        Paragraph("Another one, further down."),
        ListItem("first"),
        ListItem("second"),
    ]


def test_columns_are_read_one_after_the_other_though_their_lines_are_written_across() -> None:
    across = "".join(
        text(72, 700 - 14 * n, left) + text(330, 700 - 14 * n, right)
        for n, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True))
    )
    body = text_on(across)
    assert body.index("at the pier.") < body.index("Canteen prices")
    assert "after a gearbox failure" in body


def test_columns_need_not_stand_at_one_height() -> None:
    body = text_on(lines(72, 700, *LEFT, *LEFT) + lines(330, 694, *RIGHT, *RIGHT))
    assert body.index("at the pier.") < body.index("Canteen prices")


def test_a_ruled_table_has_its_empty_cells_in_place_and_lines_of_a_cell_together() -> None:
    body = grid((72, 200, 300, 400), (700, 680, 640, 620))
    body += text(75, 685, "Part") + text(205, 685, "Count") + text(305, 685, "Note")
    body += (
        lines(75, 666, "AX-1200", "long name") + text(305, 666, "new") + text(75, 625, "B") + text(205, 625, "7")
    )
    assert found(pdf(PdfPage(body)))[1:] == [
        Table((("AX-1200 long name", "", "new"), ("B", "7", "")), (("Part", "Count", "Note"),))
    ]


def test_a_merged_cell_of_a_ruled_table_counts_for_all_that_it_covers() -> None:
    body = rule(72, 700, 372, 700) + rule(72, 680, 372, 680) + rule(72, 660, 372, 660) + rule(72, 640, 372, 640)
    body += rule(72, 700, 72, 640) + rule(372, 700, 372, 640) + rule(172, 700, 172, 640) + rule(272, 680, 272, 640)
    body += text(75, 685, "Region") + text(200, 685, "2024") + text(175, 665, "H1") + text(275, 665, "H2")
    body += text(75, 645, "North") + text(175, 645, "11") + text(275, 645, "12")
    assert found(pdf(PdfPage(body)))[1:] == [
        Table((("North", "11", "12"),), (("Region", "2024", "2024"), ("", "H1", "H2")))
    ]


def test_a_table_without_rules_is_found_by_its_columns() -> None:
    rows: tuple[tuple[str, ...], ...] = (
        ("Products", "$", "63,355", "$", "63,948"),
        ("Services", "", "19,604", "", "17,486"),
    )
    rows += (("Total net sales", "", "82,959", "", "81,434"), ("Other", "", "", "", "(97)"))
    body = text(310, 714, "2022") + text(420, 714, "2021")
    for n, (name, *numbers) in enumerate(rows):
        y = 700 - 14 * n
        body += text(72, y, name)
        for x, word in zip((270, 300, 380, 410), numbers, strict=True):
            body += text(x, y, word) if word else ""
    assert found(pdf(PdfPage(body)))[1:] == [
        Table(
            (
                ("Products", "$ 63,355", "$ 63,948"),
                ("Services", "19,604", "17,486"),
                ("Total net sales", "82,959", "81,434"),
                ("Other", "", "(97)"),
            ),
            (("", "2022", "2021"),),
        )
    ]


def table_page(*rows: tuple[str, str, str], header: bool) -> PdfPage:
    shown = [("Station", "Line", "Riders")] if header else []
    ys = [700 - 20 * n for n in range(len(rows) + len(shown) + 1)]
    body = grid((72, 200, 300, 400), ys)
    for y, row in zip(ys, [*shown, *rows], strict=False):
        body += "".join(text(x, y - 15, cell) for x, cell in zip((75, 205, 305), row, strict=True) if cell)
    return PdfPage(body)


def test_a_table_over_pages_keeps_its_header_on_each() -> None:
    content = pdf(
        table_page(("A", "U1", "1,000"), ("B", "U2", "2,000"), header=True),
        table_page(("C", "U3", "3,000"), ("D", "", "4,000"), header=False),
    )
    tables = [each for each in found(content) if isinstance(each, Table)]
    assert [(table.header, table.continued) for table in tables] == [
        ((("Station", "Line", "Riders"),), False),
        ((("Station", "Line", "Riders"),), True),
    ]
    assert extract(content, "a.pdf").sections[1].text.startswith("| Station | Line | Riders |\n| C | U3 | 3,000 |")


def test_running_headers_and_page_numbers_are_told_once() -> None:
    pages = [
        PdfPage(
            text(72, 760, "ACME Handbook") + text(72, 400, f"Text of page {n} here.") + text(300, 30, f"Page {n}")
        )
        for n in range(1, 6)
    ]
    body = [section.text for section in extract(pdf(*pages), "a.pdf").sections]
    assert body == [
        "ACME Handbook\n\nText of page 1 here.\n\nPage 1",
        *(f"Text of page {n} here." for n in range(2, 6)),
    ]


def test_a_line_at_the_top_that_differs_from_page_to_page_stays() -> None:
    pages = [PdfPage(text(72, 760, f"Invoice {n * n + 1000}") + text(72, 400, "Sum due")) for n in range(1, 6)]
    sections = extract(pdf(*pages), "a.pdf").sections
    assert [section.text for section in sections] == [f"Invoice {n * n + 1000}\n\nSum due" for n in range(1, 6)]


def test_a_sentence_over_two_pages_is_one_passage_with_both() -> None:
    content = pdf(
        PdfPage(text(72, 700, "All is well. The load of the floor is")),
        PdfPage(text(72, 700, "350 kilograms per metre. Next sentence.")),
    )
    assert [(each.page, each.last_page, each.text) for each in extract(content, "a.pdf").sections] == [
        (1, None, "All is well."),
        (1, 2, "The load of the floor is 350 kilograms per metre."),
        (2, None, "Next sentence."),
    ]


@pytest.mark.parametrize(("first", "second"), [("It ends.", "here it begins"), ("Annual Report", "Contents")])
def test_pages_that_do_not_go_on_stay_apart(first: str, second: str) -> None:
    content = pdf(PdfPage(text(72, 700, first)), PdfPage(text(72, 700, second)))
    assert [each.text for each in extract(content, "a.pdf").sections] == [first, second]


def test_raised_digits_keep_their_distance() -> None:
    assert text_on("BT /F1 12 Tf 72 700 Td (about 10) Tj 7 TL /F1 7 Tf 5 Ts (6) Tj ET") == "about 10^6"


def test_links_have_their_address_and_notes_their_author() -> None:
    link = (
        "<< /Type /Annot /Subtype /Link /Rect [70 695 140 715] /A << /S /URI /URI (https://x.example.org/m) >> >>"
    )
    note = "<< /Type /Annot /Subtype /Text /Rect [300 300 320 320] /Contents (exit E3 is missing) /T (Reviewer) >>"
    page = PdfPage(text(72, 700, "the model") + text(200, 700, "here"), [link, note])
    assert found(pdf(page))[1:] == [
        Paragraph("the model <https://x.example.org/m> here"),
        Comment("exit E3 is missing", "Reviewer"),
    ]


def test_what_was_typed_into_a_form_stands_beside_its_label() -> None:
    name = "<< /Type /Annot /Subtype /Widget /FT /Tx /T (n) /V (Erika Beispiel) /Rect [150 695 300 715] >>"
    box = "<< /Type /Annot /Subtype /Widget /FT /Btn /T (s) /V /Yes /AS /Yes /Rect [72 655 84 667] >>"
    page = PdfPage(text(72, 700, "Name:") + text(90, 657, "Smoker"), ["100 0 R", "101 0 R"])
    content = pdf(page, catalog="/AcroForm << /Fields [100 0 R 101 0 R] >>", objects=[name, box])
    body = "\n".join(section.text for section in extract(content, "a.pdf").sections)
    assert "Name: Erika Beispiel" in body
    assert "☑ Smoker" in body


def test_attached_files_are_read() -> None:
    held = "<< /Type /EmbeddedFile /Length 23 >> stream\nThe torque limit is 7.\nendstream"
    spec = "<< /Type /Filespec /F (limits.txt) /UF (limits.txt) /EF << /F 100 0 R >> >>"
    content = pdf(
        PdfPage(text(72, 700, "See the file.")),
        catalog="/Names << /EmbeddedFiles << /Names [(limits.txt) 101 0 R] >> >>",
        objects=[held, spec],
    )
    section = extract(content, "a.pdf").sections[-1]
    assert section.heading == "Attachment limits.txt"
    assert "The torque limit is 7." in section.text


def test_bookmarks_are_headings_where_their_title_stands() -> None:
    outline = [
        "<< /Type /Outlines /First 101 0 R /Last 102 0 R /Count 2 >>",
        "<< /Title (Scope) /Parent 100 0 R /Next 102 0 R /Dest [10 0 R /Fit] >>",
        "<< /Title (Elsewhere) /Parent 100 0 R /Prev 101 0 R /Dest [12 0 R /Fit] >>",
    ]
    first = PdfPage(text(72, 700, "Before.") + text(72, 650, "1. Scope") + text(72, 620, "Inside."))
    content = pdf(first, PdfPage(text(72, 700, "After.")), catalog="/Outlines 100 0 R", objects=outline)
    assert [(each.heading, each.text) for each in extract(content, "a.pdf").sections] == [
        (None, "Before."),
        ("1. Scope", "1. Scope\n\nInside."),
        ("Elsewhere", "After."),
    ]


def test_large_lines_are_headings_without_bookmarks() -> None:
    body = text(72, 720, "Safety", size=24) + lines(72, 690, *LEFT)
    assert found(pdf(PdfPage(body)))[1] == Heading(1, "Safety")


@pytest.mark.parametrize("turned", [90, 180, 270])
def test_pages_that_were_turned_are_read_upright(turned: int) -> None:
    """The text is written against the turn of the page, as scanners' and printers' drivers do."""
    matrix = {90: "0 1 -1 0 600 0", 180: "-1 0 0 -1 600 780", 270: "0 -1 1 0 0 780"}[turned]
    rows = (("Permit", "18", "22"), ("Admin", "23", ""), ("Total", "41", "22"))
    body = "".join(
        text(x, 400 - 14 * n, cell)
        for n, row in enumerate(rows)
        for x, cell in zip((72, 200, 300), row, strict=True)
    )
    page = PdfPage(f"q {matrix} cm\n{body}Q", extra=f"/Rotate {turned}")
    [table] = [each for each in found(pdf(page)) if isinstance(each, Table)]
    assert (*table.header, *table.rows) == rows


def test_a_page_that_is_a_picture_is_named_and_a_blank_one_is_not() -> None:
    content = pdf(PdfPage(text(72, 700, "a.")), PdfPage(picture()), PdfPage())
    assert [each for each in found(content) if isinstance(each, ScannedPage)] == [ScannedPage(2)]
    document = extract(content, "a.pdf")
    assert [(each.kind, each.where) for each in document.warnings] == [(WarningKind.PAGE_WITHOUT_TEXT, "page 2")]


def test_a_page_whose_picture_says_more_than_its_few_words_is_recognised_too() -> None:
    stamped = picture() + text(72, 760, "Received by fax")
    assert set(map(repr, found(pdf(PdfPage(stamped)))[1:])) == {
        repr(Paragraph("Received by fax")),
        repr(ScannedPage(1)),
    }


def test_properties_are_told() -> None:
    content = pdf(
        PdfPage(text(72, 700, "a.")), objects=["<< /Title (Plan) /Author (Ada) /CreationDate (D:20240229) >>"]
    )
    content = content.replace(b"/Root 1 0 R", b"/Root 1 0 R /Info 100 0 R")
    assert extract(content, "a.pdf").properties == DocumentProperties(
        "Plan", "Ada", datetime(2024, 2, 29, tzinfo=UTC), 1
    )


def test_text_that_goes_up_the_margin_does_not_disturb_the_page() -> None:
    upwards = "q 0 1 -1 0 40 200 cm " + text(0, 0, "arXiv 2004 30 Sep") + "Q"
    assert text_on(upwards + lines(72, 700, *LEFT)).startswith("The harbour crane number two was repaired")


def test_a_page_of_many_lines_is_no_table() -> None:
    drawn = "".join(rule(50, 100 + n, 500, 100 + n) + rule(50 + n, 100, 50 + n, 700) for n in range(0, 450, 1))
    assert found(pdf(PdfPage(drawn + text(72, 730, "Plan"))))[1:] == [Paragraph("Plan")]


def test_pages_come_in_order_and_memory_does_not_grow_with_them() -> None:
    content = pdf(*(PdfPage(text(72, 700, f"Page number {n} ends.")) for n in range(1, 121)))
    starts = [each.number for each in found(content) if isinstance(each, PageStart)]
    assert starts == list(range(1, 121))


def test_a_file_of_nothing_is_refused() -> None:
    with pytest.raises(UnreadableDocument, match="no extractable text"):
        extract(pdf(PdfPage()), "a.pdf")
