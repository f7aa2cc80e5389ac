"""OpenDocument text, sheets, slides and drawings: what a person sees, with the numbers that are counted."""

from app.domain.reading import WarningKind
from app.ingestion.document.model import LoadedDocument
from app.ingestion.loaders.extract import extract
from tests.support.files.opendocument import opendocument

NUMBERED = (
    '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="a" '
    'style:num-suffix=")"/><text:list-level-style-bullet text:level="2" text:bullet-char="o"/></text:list-style>'
)
OUTLINE = (
    '<office:styles><text:outline-style style:name="Outline"><text:outline-level-style text:level="1" '
    'style:num-format="1"/><text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/>'
    "</text:outline-style></office:styles>"
)


def text_of(document: LoadedDocument) -> str:
    return "\n\n".join(section.text for section in document.sections)


def items(*texts: str, attributes: str = "", first: str = "") -> str:
    written = "".join(
        f"<text:list-item{first if not number else ''}><text:p>{text}</text:p></text:list-item>"
        for number, text in enumerate(texts)
    )
    return f'<text:list text:style-name="L"{attributes}>{written}</text:list>'


def test_opendocument_text_keeps_lists_notes_links_and_merged_cells() -> None:
    body = (
        '<text:h text:outline-level="1">R&amp;D</text:h><text:p>See <text:a xlink:href="https://x.example">'
        "here</text:a><text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>a note</text:p>"
        "</text:note-body></text:note>.<text:line-break/>next</text:p><text:list><text:list-item><text:p>first</text:p>"
        "</text:list-item></text:list><table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>"
        "Region</text:p></table:table-cell><table:table-cell><text:p>City</text:p></table:table-cell></table:table-row>"
        '</table:table-header-rows><table:table-row><table:table-cell table:number-rows-spanned="2"><text:p>North'
        "</text:p></table:table-cell><table:table-cell><text:p>Oslo</text:p></table:table-cell></table:table-row>"
        "<table:table-row><table:covered-table-cell/><table:table-cell><text:p>Bergen</text:p></table:table-cell>"
        "</table:table-row></table:table>"
    )
    assert text_of(extract(opendocument("text", body), "a.odt")) == (
        "R&D\n\nSee here <https://x.example>^1.\nnext\n\n[1] a note\n\n- first\n\n"
        "| Region | City |\n| North | Oslo |\n| North | Bergen |"
    )


def test_slides_of_opendocument_keep_their_number_and_notes() -> None:
    slides = "".join(
        f"<draw:page><draw:frame><draw:text-box><text:p>Slide {n}</text:p></draw:text-box></draw:frame>"
        f"<presentation:notes><draw:frame><draw:text-box><text:p>say {n}</text:p></draw:text-box></draw:frame>"
        "</presentation:notes></draw:page>"
        for n in (1, 2)
    )
    document = extract(opendocument("presentation", slides), "a.odp")
    assert [(section.page, section.text) for section in document.sections] == [
        (1, "Slide 1\n\n[Notes] say 1"),
        (2, "Slide 2\n\n[Notes] say 2"),
    ]


def test_a_sheet_of_opendocument_is_a_heading_over_its_rows() -> None:
    row = (
        "<table:table-row>" + "<table:table-cell><text:p>{}</text:p></table:table-cell>" * 2 + "</table:table-row>"
    )
    rows = row.format("Item", "Price") + row.format("Hinge", "4.80") + row.format("Bolt", "0.12")
    sheet = f'<table:table table:name="Parts">{rows}</table:table>'
    (section,) = extract(opendocument("spreadsheet", sheet), "a.ods").sections
    assert section.heading == "Parts"
    assert section.text == "Parts\n\n| Item | Price |\n| Hinge | 4.80 |\n| Bolt | 0.12 |"


def test_items_and_headings_have_the_numbers_that_are_counted() -> None:
    body = (
        '<text:h text:outline-level="1">Scope</text:h><text:h text:outline-level="2">Terms</text:h>'
        + items("four", "five", first=' text:start-value="4"')
        + items("six", attributes=' text:continue-numbering="true"')
        + items("one")
        + '<text:h text:outline-level="1">End</text:h>'
    )
    document = extract(opendocument("text", body, automatic=NUMBERED, styles=OUTLINE), "a.odt")
    assert text_of(document) == "1 Scope\n\n1.1 Terms\n\nd) four\ne) five\nf) six\na) one\n\n2 End"


def test_bullets_within_a_numbered_item_stay_bullets() -> None:
    nested = "<text:list><text:list-item><text:p>sub</text:p></text:list-item></text:list>"
    body = (
        f'<text:list text:style-name="L"><text:list-item><text:p>first</text:p>{nested}</text:list-item>'
        "<text:list-item><text:p>second</text:p></text:list-item></text:list>"
    )
    assert (
        text_of(extract(opendocument("text", body, automatic=NUMBERED), "a.odt")) == "a) first\n  - sub\nb) second"
    )


def test_headers_and_footers_are_read_once_and_page_numbers_never() -> None:
    margins = (
        "<office:master-styles><style:master-page><style:header><text:p>Header ref 88</text:p></style:header>"
        "<style:footer><text:p>Page <text:page-number>3</text:page-number></text:p></style:footer>"
        "</style:master-page>"
        "<style:master-page><style:header><text:p>Header ref 88</text:p></style:header></style:master-page>"
        "</office:master-styles>"
    )
    document = extract(opendocument("text", "<text:p>Body</text:p>", styles=margins), "a.odt")
    assert text_of(document) == "Header ref 88\n\nBody"


def test_raised_text_keeps_its_distance_and_hidden_text_is_not_read() -> None:
    styles = (
        '<style:style style:name="Up"><style:text-properties style:text-position="super 58%"/></style:style>'
        '<style:style style:name="Off"><style:text-properties text:display="none"/></style:style>'
    )
    body = (
        '<text:p>10<text:span text:style-name="Up">6</text:span> m'
        '<text:span text:style-name="Off"> secret</text:span></text:p>'
    )
    assert text_of(extract(opendocument("text", body, automatic=styles), "a.odt")) == "10^6 m"


def test_charts_are_tables_of_their_data_and_pictures_have_their_description() -> None:
    chart = (
        "<chart:title><text:p>Sales</text:p></chart:title><table:table><table:table-row><table:table-cell><text:p>Q"
        "</text:p></table:table-cell><table:table-cell><text:p>EUR</text:p></table:table-cell></table:table-row>"
        "<table:table-row><table:table-cell><text:p>Q1</text:p></table:table-cell><table:table-cell><text:p>10"
        "</text:p></table:table-cell></table:table-row></table:table>"
    )
    body = (
        '<text:p><draw:frame><draw:object xlink:href="./Chart"/><draw:image xlink:href="Replacement"/></draw:frame>'
        '<draw:frame><draw:image xlink:href="a.png"/><svg:title>Plan of hall 5</svg:title></draw:frame></text:p>'
    )
    document = extract(opendocument("text", body, Chart=chart), "a.odt")
    assert text_of(document) == "Sales\n\n| Q | EUR |\n| Q1 | 10 |\n\n[Picture: Plan of hall 5]"
    assert [warning.kind for warning in document.warnings] == [WarningKind.PICTURE]


def test_a_slides_title_is_its_heading_and_drawings_have_pages() -> None:
    title = (
        '<draw:frame presentation:class="title"><draw:text-box><text:p>Costs</text:p></draw:text-box></draw:frame>'
    )
    table = (
        "<draw:frame><table:table><table:table-row><table:table-cell><text:p>City</text:p></table:table-cell>"
        "<table:table-cell><text:p>Fires</text:p></table:table-cell></table:table-row></table:table></draw:frame>"
    )
    (section,) = extract(opendocument("presentation", f"<draw:page>{title}{table}</draw:page>"), "a.odp").sections
    assert (section.heading, section.page) == ("Costs", 1)
    assert section.text.endswith("| City | Fires |")
    page = "<draw:page><draw:g><draw:rect><text:p>Grouped 6</text:p></draw:rect></draw:g></draw:page>"
    (section,) = extract(opendocument("graphics", page), "a.odg").sections
    assert (section.page, section.text) == (1, "Grouped 6")


def test_cells_without_text_show_their_value_and_shapes_their_text() -> None:
    sheet = (
        '<table:table table:name="S"><table:shapes><draw:frame><draw:text-box><text:p>Shape 5</text:p>'
        "</draw:text-box></draw:frame></table:shapes>"
        '<table:table-row><table:table-cell office:value-type="float" office:value="7"/>'
        "<table:table-cell><text:p>b</text:p></table:table-cell></table:table-row></table:table>"
    )
    assert text_of(extract(opendocument("spreadsheet", sheet), "a.ods")) == "S\n\n| 7 | b |\n\nShape 5"
