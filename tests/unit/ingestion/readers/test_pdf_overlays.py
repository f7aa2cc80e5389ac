"""PDF: what lies over a page, and lines that repeat on as few as two pages."""

from app.ingestion.loaders.extract import extract
from app.ingestion.loaders.pdf_layout.words import PageRotation, PageText, PageWord
from app.ingestion.loaders.readers.pdf import lay_over
from tests.support.files.pdf import PdfPage, lines, pdf, text


def shown(content: bytes) -> list[tuple[int | None, str]]:
    return [(section.page, section.text) for section in extract(content, "a.pdf").sections]


def test_a_word_that_is_cut_by_the_end_of_a_page_is_one() -> None:
    pages = pdf(
        PdfPage(lines(72, 120, "The pump needs an instal-")),
        PdfPage(lines(72, 740, "lation permit of class 7.")),
    )
    assert shown(pages) == [(1, "The pump needs an installation permit of class 7.")]


def test_a_words_own_hyphen_at_the_end_of_a_line_stays() -> None:
    assert shown(pdf(PdfPage(lines(72, 700, "The cause is well-", "known to all who", "run it.")))) == [
        (1, "The cause is well-known to all who run it.")
    ]


def test_headers_and_page_numbers_of_two_pages_do_not_part_a_sentence() -> None:
    pages = pdf(
        PdfPage(text(72, 770, "Manual") + lines(72, 120, "The load that the crane of") + text(300, 30, "1 / 2")),
        PdfPage(text(72, 770, "Manual") + lines(72, 700, "hall B lifts is 45 tonnes.") + text(300, 30, "2 / 2")),
    )
    assert shown(pages) == [(1, "Manual"), (1, "The load that the crane of hall B lifts is 45 tonnes.")]


def test_lines_that_only_look_like_page_numbers_stay_on_two_pages() -> None:
    pages = pdf(
        PdfPage(text(72, 770, "Invoice 17") + lines(72, 600, "Valves.")),
        PdfPage(text(72, 770, "Invoice 18") + lines(72, 600, "Pumps.")),
    )
    assert [line for _, said in shown(pages) for line in said.splitlines() if "Invoice" in line] == [
        "Invoice 17",
        "Invoice 18",
    ]


def test_the_choice_of_a_list_is_told_as_it_is_shown() -> None:
    field = (
        "<< /Type /Annot /Subtype /Widget /FT /Ch /Ff 131072 /T (country) /V (DE) "
        "/Opt [[(DE) (Germany)] [(FR) (France)]] /Rect [130 695 300 712] >>"
    )
    form = pdf(
        PdfPage(text(72, 700, "Country:"), annotations=["100 0 R"]),
        catalog="/AcroForm << /Fields [100 0 R] >>",
        objects=[field],
    )
    assert shown(form) == [(1, "Country: Germany")]


def test_what_lies_over_a_page_without_places_leaves_its_text() -> None:
    over = [PageWord("<https://x.example>", 0, 0, 10, 10)]
    view = PageRotation(0, 0, 0, 612, 792)
    unplaced = PageText("The paper's title", 612, 792, [], [], view)
    lay_over(unplaced, over)
    assert (unplaced.words, unplaced.plain) == ([], "The paper's title\n<https://x.example>")
    empty = PageText("", 612, 792, [], [], view)
    lay_over(empty, over)
    assert (empty.words, empty.plain) == (over, "")


def test_a_link_on_a_picture_is_told() -> None:
    link = (
        "<< /Type /Annot /Subtype /Link /Rect [100 300 200 400] /A << /S /URI /URI (https://x.example/plan) >> >>"
    )
    ((_, said),) = shown(pdf(PdfPage(text(72, 700, "Plan"), annotations=[link])))
    assert said.split() == ["Plan", "<https://x.example/plan>"]


def test_rows_of_a_table_at_the_top_of_pages_are_no_running_lines() -> None:
    def page(number: int) -> PdfPage:
        rows = ["Station Line Opened", *(f"S{number}-{row} U{row} 19{row:02}" for row in range(1, 12))]
        return PdfPage(
            "".join(text(72, 740 - 20 * at, row) for at, row in enumerate(rows)) + text(300, 30, f"{number}")
        )

    said = "\n".join(part for _, part in shown(pdf(*map(page, (1, 2, 3)))))
    assert all(f"S{number}-{row} " in said for number in (1, 2, 3) for row in range(1, 12))
    assert said.count("Station") == 3
