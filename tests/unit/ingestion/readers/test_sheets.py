"""Excel files of every generation: tables with their header, cells as they are shown, nothing merged away."""

import struct
import zipfile
from collections.abc import Callable
from datetime import time, timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from openpyxl.comments import Comment

from app.domain.reading import WarningKind
from app.errors import UnreadableDocument
from app.ingestion.document.model import Element, Heading, Paragraph, Table
from app.ingestion.loaders import media
from app.ingestion.loaders.extract import extract
from tests.support.files.office import OFFICE, RELATIONS, elements, text_in
from tests.support.folders import REPO

XML_SHEETS = media.XML_SHEETS
STOCK = REPO / "tests" / "data" / "stock.xls"


def xlsx(fill: Callable[[Any], object], *, title: str = "Sheet") -> bytes:
    book, out = openpyxl.Workbook(), BytesIO()
    assert book.active is not None
    book.active.title = title
    fill(book.active)
    book.save(out)
    return out.getvalue()


def of_rows(*rows: list[Any]) -> bytes:
    return xlsx(lambda sheet: [sheet.append(row) for row in rows])


def replaced(content: bytes, part: str, old: str, new: str) -> bytes:
    """The package with one text of one part replaced."""
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            body = source.read(name)
            if name == part:
                assert old.encode() in body
                body = body.replace(old.encode(), new.encode())
            target.writestr(name, body)
    return out.getvalue()


def found(content: bytes) -> list[Element]:
    return list(elements(content, media.XLSX))[1:]


def table_in(content: bytes) -> Table:
    [table] = [each for each in found(content) if isinstance(each, Table)]
    return table


def test_symbols_and_leading_zeros_survive() -> None:
    assert found(of_rows(["R&D <cost>", "a|b"], ["0123", "*x* _y_ $5"])) == [
        Heading(1, "Sheet"),
        Table((("0123", "*x* _y_ $5"),), (("R&D <cost>", "a|b"),)),
    ]


def test_cells_are_as_they_are_shown() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["Opens", "Worked", "Discount", "ZIP", "Active"])
        sheet.append([time(8, 15), timedelta(hours=41, minutes=30), 0.153, 1234, True])
        for column, code in zip("ABCD", ["hh:mm", "[h]:mm", "0.0%", "00000"], strict=True):
            sheet[f"{column}2"].number_format = code

    assert table_in(xlsx(fill)).rows == (("08:15", "41:30", "15.3%", "01234", "TRUE"),)


def test_a_title_above_and_a_second_table_below_are_told_apart() -> None:
    content = of_rows(
        ["Prices from March"], [], ["Part", "Price"], ["A-1", 4.5], ["A-2", 5], [], ["Room", "Seats"], ["Y", 32]
    )
    assert found(content) == [
        Heading(1, "Sheet"),
        Paragraph("Prices from March"),
        Table((("A-1", "4.5"), ("A-2", "5")), (("Part", "Price"),)),
        Table((("Y", "32"),), (("Room", "Seats"),)),
    ]


def test_rows_after_a_blank_one_belong_to_the_table_above_if_they_have_no_header() -> None:
    content = of_rows(["Part", "Price"], ["A", 1], [], ["B", 2], ["C", 3])
    assert found(content)[1:] == [
        Table((("A", "1"),), (("Part", "Price"),)),
        Table((("B", "2"), ("C", "3")), (("Part", "Price"),), continued=True),
    ]


def test_a_merged_label_counts_for_all_the_cells_it_covers() -> None:
    def fill(sheet: Any) -> None:
        for row in (["Region", "2024", None], [None, "H1", "H2"], ["North", 1, 2], [None, 3, 4]):
            sheet.append(row)
        for area in ("A1:A2", "B1:C1", "A3:A4"):
            sheet.merge_cells(area)

    assert found(xlsx(fill))[1] == Table(
        (("North", "1", "2"), ("North", "3", "4")), (("Region", "2024", "2024"), ("Region", "H1", "H2"))
    )


def test_comments_and_links_stand_in_their_cell() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["Item", "Cost"])
        sheet.append(["Rent", 1200])
        sheet["B2"].comment = Comment("Rises to 1350", "Ann")
        sheet["A2"].hyperlink = "https://intra.example.org/rent"

    assert table_in(xlsx(fill)).rows == (
        ("Rent <https://intra.example.org/rent>", "1200 [Comment by Ann: Rises to 1350]"),
    )


def test_a_formula_without_a_value_is_kept_and_warned_of() -> None:
    document = extract(of_rows(["a", "b"], ["Total", "=SUM(B2:B3)"]), "a.xlsx")
    assert document.sections[0].text.endswith("| Total | =SUM(B2:B3) |")
    assert [(told.kind, told.where) for told in document.warnings] == [
        (WarningKind.FORMULA_WITHOUT_VALUE, "sheet Sheet, cell B2")
    ]


def test_errors_are_shown() -> None:
    content = of_rows(["a", "b"], ["x", "=1/0"])
    valued = replaced(
        content,
        "xl/worksheets/sheet1.xml",
        '<c r="B2"><f>1/0</f><v></v></c>',
        '<c r="B2" t="e"><f>1/0</f><v>#DIV/0!</v></c>',
    )
    assert text_in(valued, "a.xlsx").endswith("| x | #DIV/0! |")


def test_hidden_sheets_are_read_and_empty_ones_not_named() -> None:
    def fill(sheet: Any) -> None:
        sheet.append(["a"])
        hidden = sheet.parent.create_sheet("Rates")
        hidden.append(["Code", "Rate"])
        hidden.append(["HR-77", 0.0425])
        hidden.sheet_state = "hidden"
        sheet.parent.create_sheet("Nothing")

    assert [each.text for each in found(xlsx(fill)) if isinstance(each, Heading)] == ["Sheet", "Rates"]


def test_long_sheets_come_in_parts_under_one_header() -> None:
    rows: list[list[Any]] = [["id", "n"], *([f"r{n}", n] for n in range(1200))]
    tables = [each for each in found(of_rows(*rows)) if isinstance(each, Table)]
    assert [(len(table.rows), table.continued) for table in tables] == [(500, False), (500, True), (200, True)]
    assert {table.header for table in tables} == {(("id", "n"),)}


def test_a_workbook_with_broken_styles_gives_its_values() -> None:
    content = of_rows(["Part", "Price"], ["A-1", 4.5])
    broken = replaced(content, "xl/styles.xml", '<sz val="11"/>', '<sz val="large"/>')
    document = extract(broken, "a.xlsx")
    assert document.sections[0].text.endswith("| Part | Price |\n| A-1 | 4.5 |")
    assert [told.kind for told in document.warnings] == [WarningKind.STRUCTURE_GUESSED]


def test_old_workbooks_are_read_as_they_are_shown() -> None:
    assert text_in(STOCK.read_bytes(), "stock.xls") == (
        "Lager & Co\n\nStock list of the northern store\n\n| Part | Count | Price | Since | Open |\n"
        "| AX-1200 | 00007 | 12.50 EUR | 29.02.2024 | TRUE |\n| BX-7 |  | 15.3% | 08:15 | FALSE |\n\n"
        "Rates\n\n| Code | Rate |\n| HR-77 | 0.0425 |"
    )


def test_a_damaged_old_workbook_is_refused() -> None:
    content = STOCK.read_bytes()
    with pytest.raises(UnreadableDocument, match="damaged"):
        extract(content[:1024] + bytes(200) + content[1224:], "stock.xls")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<html><table><tr><td>a</td></tr></table></html>", media.HTML),
        (b"Part\tPrice\nA\t1\n", media.TSV),
        ("Teil\tPreis\n".encode("utf-16"), media.TSV),
        (b"Part;Price\nA;1\n", media.CSV),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x\n\n--x", media.EMAIL),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
            XML_SHEETS,
        ),
    ],
)
def test_what_is_only_named_xls_is_read_as_what_it_is(content: bytes, kind: str) -> None:
    assert media.detect(content, "export.xls") == kind


def test_workbooks_of_2003_in_xml_are_read() -> None:
    content = (
        '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="R&amp;D"><Table>'
        '<Row><Cell><Data ss:Type="String">Part</Data></Cell><Cell ss:Index="3"><Data ss:Type="String">Since</Data>'
        '</Cell></Row><Row ss:Index="2"><Cell ss:HRef="https://x.example.org/a"><Data ss:Type="String">AX</Data>'
        '</Cell><Cell><Data ss:Type="Number">7</Data></Cell><Cell>'
        '<Data ss:Type="DateTime">2024-02-29T00:00:00.000</Data></Cell>'
        "</Row></Table></Worksheet></Workbook>"
    )
    assert text_in(content.encode(), "a.xls") == (
        "R&D\n\n| Part |  | Since |\n| AX <https://x.example.org/a> | 7 | 2024-02-29 |"
    )


def record(kind: int, data: bytes) -> bytes:
    """A record of [MS-XLSB] 2.1.4: kind and size in 7 bits a byte."""
    head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return head + bytes([len(data)]) + data


def wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def test_binary_workbooks_give_their_values() -> None:
    bundle = record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("Stock"))
    book = record(131, b"") + record(143, b"") + bundle + record(144, b"") + record(132, b"")
    cells = b"".join(
        record(0, struct.pack("<IIHBBBI", number, 0, 300, 0, 0, 0, 0))
        + record(6, struct.pack("<II", 0, 0) + wide(name))
        + (
            record(6, struct.pack("<II", 1, 0) + wide("Price"))
            if number == 0
            else record(5, struct.pack("<IId", 1, 0, 4.5))
        )
        for number, name in enumerate(["Part", "A-1"])
    )
    sheet = record(129, b"") + record(148, struct.pack("<IIII", 0, 1, 0, 1)) + record(145, b"") + cells
    sheet += record(146, b"") + record(130, b"")
    rels = (
        f'<Relationships xmlns="{RELATIONS}"><Relationship Id="rId1" Type="{OFFICE}/{{}}" Target="{{}}"/>'
        "</Relationships>"
    )
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("_rels/.rels", rels.format("officeDocument", "xl/workbook.bin"))
        archive.writestr("xl/_rels/workbook.bin.rels", rels.format("worksheet", "worksheets/sheet1.bin"))
        archive.writestr("xl/workbook.bin", book)
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
    assert media.detect(out.getvalue(), "a.xlsb") == media.XLSB
    assert text_in(out.getvalue(), "a.xlsb") == "Stock\n\n| Part | Price |\n| A-1 | 4.5 |"
