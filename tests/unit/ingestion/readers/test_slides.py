"""PowerPoint files: every slide by its number, with all that a person sees on it."""

import openpyxl
import pytest

from app.errors import UnreadableDocument
from app.ingestion.document.model import Comment, Heading, ListItem, Note, PageStart, Paragraph, Picture, Table
from app.ingestion.loaders import media
from app.ingestion.loaders.extract import extract
from tests.support.files.office import elements, pptx, shape

CHART = (
    '<c:chartSpace xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart" '
    'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><c:chart><c:title><c:tx><c:rich><a:p><a:r>'
    "<a:t>Fires a year</a:t></a:r></a:p></c:rich></c:tx></c:title><c:plotArea><c:barChart><c:ser><c:tx><c:strRef>"
    '<c:strCache><c:pt idx="0"><c:v>Porto</c:v></c:pt></c:strCache></c:strRef></c:tx><c:cat><c:strRef><c:strCache>'
    '<c:pt idx="0"><c:v>2022</c:v></c:pt><c:pt idx="1"><c:v>2023</c:v></c:pt></c:strCache></c:strRef></c:cat>'
    '<c:val><c:numRef><c:numCache><c:pt idx="1"><c:v>4.4000000000000004</c:v></c:pt></c:numCache></c:numRef>'
    "</c:val>"
    "</c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>"
)


def frame(data: str) -> str:
    return f"<p:graphicFrame><a:graphic><a:graphicData>{data}</a:graphicData></a:graphic></p:graphicFrame>"


def test_slides_are_pages_under_their_titles_and_repeated_lines_stay() -> None:
    content = pptx(
        shape("Staff 42", "All run", kind="body") + shape("Gdansk", kind="title"),
        shape("Porto", kind="ctrTitle") + shape("Staff 42", kind="body"),
        shape("No title here"),
    )
    assert list(elements(content, media.PPTX))[1:] == [
        PageStart(1),
        Heading(1, "Gdansk"),
        ListItem("Staff 42"),
        ListItem("All run"),
        PageStart(2),
        Heading(1, "Porto"),
        ListItem("Staff 42"),
        PageStart(3),
        Heading(1, ""),
        Paragraph("No title here"),
    ]
    assert [(each.page, each.heading) for each in extract(content, "a.pptx").sections] == [
        (1, "Gdansk"),
        (2, "Porto"),
        (3, None),
    ]


def test_numbers_and_levels_of_lists_are_kept() -> None:
    def numbered(text: str, level: int, kind: str) -> str:
        return f'<a:p><a:pPr lvl="{level}"><a:buAutoNum type="{kind}"/></a:pPr><a:r><a:t>{text}</a:t></a:r></a:p>'

    first, second = numbered("one", 0, "arabicPeriod"), numbered("two", 0, "arabicPeriod")
    content = pptx(shape(first, numbered("sub", 1, "alphaLcParenR"), second, "plain", kind="body"))
    items = [each for each in elements(content, media.PPTX) if isinstance(each, ListItem)]
    assert items == [ListItem("one", "1."), ListItem("sub", "a)", 1), ListItem("two", "2."), ListItem("plain")]


def test_tables_have_every_cell_in_place() -> None:
    def cell(text: str, marks: str = "") -> str:
        return f"<a:tc {marks}><a:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></a:txBody></a:tc>"

    rows = (
        cell("Plant") + cell("2023", 'gridSpan="2"') + cell("", 'hMerge="1"'),
        cell("Lyon", 'rowSpan="2"') + cell("1") + cell(""),
        cell("", 'vMerge="1"') + cell("") + cell("2"),
    )
    table = "<a:tbl>" + "".join(f"<a:tr>{row}</a:tr>" for row in rows) + "</a:tbl>"
    found = [each for each in elements(pptx(frame(table)), media.PPTX) if isinstance(each, Table)]
    assert found == [Table((("Lyon", "1", ""), ("Lyon", "", "2")), (("Plant", "2023", "2023"),))]


def test_charts_are_tables_of_their_data() -> None:
    content = pptx(
        frame('<c:chart r:id="rId7"/>'),
        parts={"ppt/charts/chart1.xml": CHART},
        relations={"ppt/slides/slide1.xml": {"rId7": ("chart", "ppt/charts/chart1.xml", False)}},
    )
    assert list(elements(content, media.PPTX))[3:] == [
        Paragraph("Chart: Fires a year"),
        Table((("2022", ""), ("2023", "4.4")), (("", "Porto"),)),
    ]


def test_diagrams_notes_and_comments_are_read() -> None:
    drawn = (
        '<dgm:dataModel xmlns:dgm="http://schemas.openxmlformats.org/drawingml/2006/diagram" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><dgm:pt><dgm:t><a:p><a:r><a:t>Plan</a:t></a:r>'
        "</a:p></dgm:t></dgm:pt></dgm:dataModel>"
    )
    notes = (
        '<p:notes xmlns:p="p" xmlns:a="a"><p:cSld><p:spTree>'
        + shape("Repair ends on 14 June", kind="body")
        + shape("7", kind="sldNum")
        + "</p:spTree></p:cSld></p:notes>"
    )
    comments = '<p:cmLst xmlns:p="p"><p:cm authorId="3"><p:text>Check this</p:text></p:cm></p:cmLst>'
    authors = '<p:cmAuthorLst xmlns:p="p"><p:cmAuthor id="3" name="Ada"/></p:cmAuthorLst>'
    content = pptx(
        frame('<dgm:relIds r:dm="rId1"/>'),
        parts={"d.xml": drawn, "n.xml": notes, "c.xml": comments, "a.xml": authors},
        relations={
            "ppt/slides/slide1.xml": {
                "rId1": ("diagramData", "d.xml", False),
                "rId2": ("notesSlide", "n.xml", False),
                "rId3": ("comments", "c.xml", False),
            },
            "ppt/presentation.xml": {
                "rId1": ("slide", "ppt/slides/slide1.xml", False),
                "rId2": ("commentAuthors", "a.xml", False),
            },
        },
    )
    assert list(elements(content, media.PPTX))[3:] == [
        ListItem("Plan"),
        Note("Repair ends on 14 June", "Notes"),
        Comment("Check this", "Ada"),
    ]


def test_links_symbols_and_raised_digits_survive() -> None:
    link = '<a:r><a:rPr><a:hlinkClick r:id="rId5"/></a:rPr><a:t>R&amp;D &lt;plan&gt;</a:t></a:r>'
    text = f'<a:p>{link}<a:r><a:t> 10</a:t></a:r><a:r><a:rPr baseline="30000"/><a:t>6</a:t></a:r></a:p>'
    content = pptx(
        shape(text), relations={"ppt/slides/slide1.xml": {"rId5": ("hyperlink", "https://x.example.org/p", True)}}
    )
    assert extract(content, "a.pptx").sections[0].text == "R&D <plan> <https://x.example.org/p> 10^6"


def test_footers_are_told_once_and_slide_numbers_never() -> None:
    bottom = shape("ACME internal", kind="ftr") + shape("3", kind="sldNum") + shape("28.11.2026", kind="dt")
    content = pptx(shape("one") + bottom, shape("two") + bottom)
    assert [section.text for section in extract(content, "a.pptx").sections] == ["one\n\nACME internal", "two"]


def test_groups_and_pictures_are_looked_into() -> None:
    picture = '<p:pic><p:nvPicPr><p:cNvPr descr="Map of Porto"/></p:nvPicPr></p:pic>'
    found = list(elements(pptx(f"<p:grpSp><p:grpSp>{shape('deep')}</p:grpSp></p:grpSp>{picture}"), media.PPTX))
    assert found[3:] == [Paragraph("deep"), Picture("Map of Porto")]


def test_embedded_workbooks_are_read_as_attachments() -> None:
    from io import BytesIO

    book, out = openpyxl.Workbook(), BytesIO()
    assert book.active is not None
    book.active.append(["Flange", "Torque"])
    book.active.append(["K9", 7])
    book.save(out)
    content = pptx(
        frame('<p:oleObj r:id="rId4"/>'),
        parts={"ppt/embeddings/book.xlsx": out.getvalue()},
        relations={"ppt/slides/slide1.xml": {"rId4": ("package", "ppt/embeddings/book.xlsx", False)}},
    )
    section = extract(content, "a.pptx").sections[-1]
    assert section.heading == "Attachment book.xlsx > Sheet"
    assert section.text.endswith("| Flange | Torque |\n| K9 | 7 |")


def test_a_damaged_slide_is_a_refusal() -> None:
    content = pptx("x").replace(b"spTree", b"spTroo")
    with pytest.raises(UnreadableDocument):
        extract(content, "a.pptx")
