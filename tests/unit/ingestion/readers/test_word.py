"""Word files: what stands on the page is in the text, where it stands."""

from datetime import UTC, datetime

import pytest

from app.domain.reading import DocumentProperties, WarningKind
from app.errors import UnreadableDocument
from app.ingestion.document.model import Comment, Heading, ListItem, Note, Paragraph, Picture, Table
from app.ingestion.loaders import media
from app.ingestion.loaders.extract import extract
from tests.support.files.office import docx, elements, package, paragraph, text_in

NUMBERED = (
    '<w:abstractNum w:abstractNumId="1">'
    '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
    '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2"/></w:lvl>'
    '<w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%3)"/></w:lvl>'
    '</w:abstractNum><w:abstractNum w:abstractNumId="2">'
    '<w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="x"/></w:lvl></w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="2"/></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="1"/>'
    '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="7"/></w:lvlOverride></w:num>'
)
STYLES = (
    '<w:style w:type="paragraph" w:styleId="Titel"><w:name w:val="Title"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Own"><w:name w:val="Own"/><w:basedOn w:val="berschrift1"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Outlined"><w:name w:val="Outlined"/>'
    '<w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Listed"><w:name w:val="Listed"/>'
    '<w:pPr><w:numPr><w:numId w:val="2"/></w:numPr></w:pPr></w:style>'
)

RAISED = '<w:vertAlign w:val="superscript"/>'


def in_list(text: str, level: int = 0, number: int = 1) -> str:
    return paragraph(text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')


def styled(text: str, style: str) -> str:
    return paragraph(text, f'<w:pStyle w:val="{style}"/>')


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def said(body: str, **parts: str | bytes) -> str:
    return text_in(docx(body, links=None, **parts), "a.docx")


def test_symbols_survive() -> None:
    body = paragraph("AT&amp;T: p &lt; 2 bar, t &gt; 90, 2*3*4, a_b_c, R\\D, 100 %")
    assert said(body) == "AT&T: p < 2 bar, t > 90, 2*3*4, a_b_c, R\\D, 100 %"


def test_nothing_is_left_out_because_it_occurs_twice() -> None:
    assert said(paragraph("Staff 42") * 3) == "Staff 42\n\nStaff 42\n\nStaff 42"


def test_paragraphs_have_the_numbers_that_word_counts() -> None:
    body = in_list("Scope") + in_list("It covers", 1) + in_list("windows", 2) + in_list("doors", 2)
    body += in_list("Term") + in_list("It runs", 1) + paragraph("Between") + in_list("Notice", 1)
    assert said(body, numbering=NUMBERED) == (
        "1. Scope\n  1.1 It covers\n    a) windows\n    b) doors\n2. Term\n  2.1 It runs\n\nBetween\n\n  2.2 Notice"
    )


def test_a_list_may_begin_anew_at_another_number() -> None:
    found = list(
        elements(docx(in_list("a") + in_list("b", 0, 3) + in_list("c", 0, 3), numbering=NUMBERED), media.DOCX)
    )
    assert [each.marker for each in found if isinstance(each, ListItem)] == ["1.", "7.", "8."]


def test_a_style_may_make_a_paragraph_an_item() -> None:
    found = elements(docx(styled("one", "Listed"), numbering=NUMBERED, styles=STYLES), media.DOCX)
    assert ListItem("one", "-", 0) in list(found)


def test_headings_are_found_by_built_in_name_by_inheritance_and_by_outline() -> None:
    body = (
        styled("Report", "Titel")
        + styled("Method", "berschrift1")
        + styled("Sample", "Outlined")
        + styled("End", "Own")
    )
    document = extract(docx(body + paragraph("text"), styles=STYLES), "a.docx")
    assert [section.heading for section in document.sections] == [
        "Report",
        "Report > Method",
        "Report > Method > Sample",
        "Report > End",
    ]


def test_changes_are_read_as_accepted() -> None:
    body = (
        f"<w:p>{run('Notice is ')}<w:del><w:r><w:delText>30</w:delText></w:r></w:del><w:ins>{run('90')}</w:ins>"
        f"{run(' days.')}<w:moveFrom>{run('gone')}</w:moveFrom><w:moveTo>{run(' Here.')}</w:moveTo></w:p>"
    )
    assert said(body) == "Notice is 90 days. Here."


def test_characters_that_are_no_text_are_written() -> None:
    body = (
        f"<w:p>{run('AX')}<w:r><w:noBreakHyphen/></w:r>{run('1200, 10')}{run('6', RAISED)}"
        f'<w:r><w:tab/></w:r><w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r><w:r><w:br/></w:r>{run("next")}'
        f"{run('hidden', '<w:vanish/>')}</w:p>"
    )
    assert said(body) == "AX-1200, 10^6 ✓\nnext"


def test_links_have_their_address() -> None:
    field = (
        '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> HYPERLINK "https://b.example.org/x" '
        '</w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        + run("there")
        + '<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
    )
    body = f'<w:p><w:hyperlink r:id="rId9">{run("here")}</w:hyperlink></w:p>{field}'
    text = text_in(docx(body, links={"rId9": "https://a.example.org/"}), "a.docx")
    assert text == "here <https://a.example.org/>\n\nthere <https://b.example.org/x>"


def test_notes_and_comments_follow_what_they_belong_to() -> None:
    body = (
        f'<w:p>{run("Costs 42")}<w:r><w:footnoteReference w:id="2"/></w:r>'
        f'<w:r><w:commentReference w:id="0"/></w:r></w:p>{paragraph("After")}'
    )
    note = f'<w:footnote w:type="separator" w:id="0"/><w:footnote w:id="2">{paragraph("Net of tax")}</w:footnote>'
    comment = f'<w:comment w:id="0" w:author="Ada">{paragraph("Check this")}</w:comment>'
    assert list(elements(docx(body, footnotes=note, comments=comment), media.DOCX))[1:] == [
        Paragraph("Costs 42[1]"),
        Note("Net of tax", "1"),
        Comment("Check this", "Ada"),
        Paragraph("After"),
    ]


def test_text_boxes_are_read_once() -> None:
    box = f"<w:txbxContent>{paragraph('In a box')}</w:txbxContent>"
    body = (
        f"<w:p><w:r><mc:AlternateContent><mc:Choice><w:drawing><wps:txbx>{box}</wps:txbx></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r>{run('Beside')}</w:p>"
    )
    assert said(body) == "Beside\n\nIn a box"


def test_headers_and_footers_are_read_once_and_without_page_numbers() -> None:
    number = f"<w:p>{run('Page ')}<w:fldSimple w:instr=' PAGE '>{run('3')}</w:fldSimple></w:p>"
    text = said(paragraph("body"), header=paragraph("Ref 88"), footer=paragraph("ACME Ltd") + number)
    assert text == "Ref 88\n\nbody\n\nACME Ltd"


def cell(text: str, properties: str = "") -> str:
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(text)}</w:tc>"


def row(*cells: str, properties: str = "") -> str:
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(cells)}</w:tr>"


def test_tables_have_empty_cells_in_place_and_merged_ones_filled() -> None:
    table = (
        "<w:tbl>"
        + row(cell("Region"), cell("2024", '<w:gridSpan w:val="2"/>'))
        + row(cell("North", '<w:vMerge w:val="restart"/>'), cell(""), cell("7"))
        + row(cell("", "<w:vMerge/>"), cell("8"), cell("9"))
        + "</w:tbl>"
    )
    assert list(elements(docx(table), media.DOCX))[1:] == [
        Table((("North", "", "7"), ("North", "8", "9")), (("Region", "2024", "2024"),))
    ]


def test_header_rows_are_those_that_are_marked() -> None:
    head = [row(cell(a), cell(b), properties="<w:tblHeader/>") for a, b in (("a", "b"), ("c", "d"))]
    table = f"<w:tbl>{''.join(head)}{row(cell('1'), cell('2'))}</w:tbl>"
    assert list(elements(docx(table), media.DOCX))[1:] == [Table((("1", "2"),), (("a", "b"), ("c", "d")))]


def test_a_table_of_one_column_is_a_frame_around_text() -> None:
    assert said(f"<w:tbl>{row(cell('Framed'))}{row(cell('Text'))}</w:tbl>") == "Framed\n\nText"


def test_a_table_within_a_cell_stays_in_its_row() -> None:
    inner = f"<w:tbl>{row(cell('x'), cell('1'))}{row(cell('y'), cell('2'))}</w:tbl>"
    table = f"<w:tbl>{row(cell('k'), cell('v'))}{row(cell('a'), f'<w:tc>{inner}{paragraph(str())}</w:tc>')}</w:tbl>"
    assert said(table) == "| k | v |\n| a | x | 1; y | 2 |"


def test_formulas_are_written_on_a_line() -> None:
    half = "<m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
    square = "<m:sSup><m:e><m:r><m:t>x</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup>"
    assert said(f"<w:p><m:oMath>{half}<m:r><m:t>=</m:t></m:r>{square}</m:oMath></w:p>") == "(a+b)/2=x^2"


def test_pages_are_counted_as_word_last_laid_them_out() -> None:
    turn = "<w:p><w:r><w:lastRenderedPageBreak/><w:t>second</w:t></w:r></w:p>"
    document = extract(docx(paragraph("first") + turn), "a.docx")
    assert [(section.page, section.text) for section in document.sections] == [(1, "first"), (2, "second")]


def test_check_boxes_are_told() -> None:
    def box(state: str) -> str:
        return (
            f'<w:p><w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:checked w:val="{state}"/>'
            '</w:checkBox></w:ffData></w:fldChar></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
            + run(" Smoker")
            + "</w:p>"
        )

    assert said(box("1") + box("0")) == "☑ Smoker\n\n☐ Smoker"


def test_pictures_are_named_and_warned_of() -> None:
    body = (
        paragraph("body")
        + '<w:p><w:r><w:drawing><wp:docPr descr="A crane"/><a:blip r:embed="rIdPart0"/></w:drawing></w:r></w:p>'
    )
    content = docx(body, image=b"\x89PNG")
    assert Picture("A crane", b"\x89PNG") in list(elements(content, media.DOCX))
    document = extract(content, "a.docx")
    assert document.sections[0].text == "body\n\n[Picture: A crane]"
    assert [warning.kind for warning in document.warnings] == [WarningKind.PICTURE]


def test_embedded_documents_are_read_as_attachments() -> None:
    inner = docx(paragraph("The torque limit is 7 Nm"))
    body = paragraph("See the sheet.") + '<w:p><w:r><w:object><o:OLEObject r:id="rIdPart0"/></w:object></w:r></w:p>'
    document = extract(docx(body, package=inner), "a.docx")
    assert document.sections[-1].heading == "Attachment package.bin"
    assert "The torque limit is 7 Nm" in document.sections[-1].text


def test_properties_are_told() -> None:
    core = (
        '<cp:coreProperties xmlns:cp="x" xmlns:dc="y" xmlns:dcterms="z"><dc:title>Plan</dc:title>'
        "<dc:creator>Ada</dc:creator><dcterms:created>2024-02-29T08:00:00Z</dcterms:created></cp:coreProperties>"
    )
    parts = {"word/document.xml": "<document><body><p><r><t>x</t></r></p></body></document>", "core.xml": core}
    relations = {
        "": {"rId1": ("officeDocument", "word/document.xml", False), "rId2": ("core-properties", "core.xml", False)}
    }
    document = extract(package("word/document.xml", parts, relations), "a.docx")
    assert document.properties == DocumentProperties("Plan", "Ada", datetime(2024, 2, 29, 8, tzinfo=UTC))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<w:tbl>" * 5000 + paragraph("deep") + "</w:tbl>" * 5000, "nested too deeply"),
        ("<w:p><w:r><w:t>cut", "damaged"),
    ],
)
def test_broken_xml_is_refused_with_its_reason(body: str, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason):
        said(body)


def test_entities_are_neither_fetched_nor_expanded() -> None:
    declared = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/hostname"><!ENTITY y "yyyy">]>'
    body = f"{declared}<document><body><p><r><t>before &x;&y; after</t></r></p></body></document>"
    text = text_in(package("word/document.xml", {"word/document.xml": body}, {}), "a.docx")
    assert text == "before"


def test_memory_does_not_grow_with_the_body() -> None:
    found = elements(docx(paragraph("word " * 50) * 2000), media.DOCX)
    assert sum(isinstance(each, Paragraph) for each in found) == 2000


def test_strict_documents_are_read_too() -> None:
    strict = 'xmlns:w="http://purl.oclc.org/ooxml/wordprocessingml/main"'
    body = f"<w:document {strict}><w:body><w:p><w:r><w:t>Strict</w:t></w:r></w:p></w:body></w:document>"
    assert text_in(package("word/document.xml", {"word/document.xml": body}, {}), "a.docx") == "Strict"


def test_a_title_is_a_heading_once() -> None:
    found = list(elements(docx(styled("One", "Titel") + styled("Two", "Titel"), styles=STYLES), media.DOCX))
    assert found[1:] == [Heading(1, "One"), Paragraph("Two")]
