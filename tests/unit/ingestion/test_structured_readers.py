"""CSV, JSON, XML and HTML: rows stand under their header, records stay whole, addresses and signs survive."""

import json

import pytest

from app.domain.reading import WarningKind
from app.ingestion.document.model import LoadedDocument
from app.ingestion.loaders.extract import extract
from app.ingestion.splitting.splitter import SplitterConfig, splitter_for


def read(content: str | bytes, filename: str) -> LoadedDocument:
    return extract(content.encode() if isinstance(content, str) else content, filename)


def text_of(content: str | bytes, filename: str) -> str:
    return "\n\n".join(section.text for section in read(content, filename).sections)


def chunks_of(content: str, filename: str) -> list[str]:
    return [chunk.text for chunk in splitter_for(SplitterConfig()).split(read(content, filename))]


def test_excels_line_that_names_the_delimiter_is_not_shown() -> None:
    assert text_of("\ufeffsep=;\nArtikel;Preis\nSchraube M8;0,25\nMutter;0,12\n", "a.csv") == (
        "| Artikel | Preis |\n| Schraube M8 | 0,25 |\n| Mutter | 0,12 |"
    )


def test_the_delimiter_is_the_one_whose_rows_agree() -> None:
    rows = "".join(f"{n};Supplier, {n};-{n},50\n" for n in range(30))
    assert "| 7 | Supplier, 7 | -7,50 |" in text_of("id;payee;amount\n" + rows, "a.csv")


def test_lines_above_a_table_are_not_its_header() -> None:
    rows = "".join(f"01.02.2024;Supplier {n};Invoice {n};-{n},50\n" for n in range(40))
    source = f"Account;DE00 1234\nOwner;Example GmbH\n\nBooking date;Payee;Purpose;Amount EUR\n{rows}"
    chunk = next(chunk for chunk in chunks_of(source, "bank.csv") if "Supplier 30 " in chunk)
    assert chunk.startswith("| Booking date | Payee | Purpose | Amount EUR |\n")


def test_line_ends_within_a_cell_do_not_end_its_row() -> None:
    source = 'ticket,description,owner\nT-1,cannot log in\x0bafter update,Ada\nT-2,"two\nlines",Bob\n'
    assert text_of(source, "a.csv") == (
        "| ticket | description | owner |\n| T-1 | cannot log in after update | Ada |\n| T-2 | two lines | Bob |"
    )


def test_a_quote_that_never_closes_swallows_no_rows() -> None:
    document = read('name,size\nbolt,"4 inch\n' + "".join(f"nut {n},{n}\n" for n in range(9)), "a.csv")
    assert "| nut 8 | 8 |" in document.sections[0].text
    assert [warning.kind for warning in document.warnings] == [WarningKind.STRUCTURE_GUESSED]


def test_each_piece_of_a_wide_row_has_its_header_and_key() -> None:
    names = [f"column {n}" for n in range(40)]
    rows = [",".join([f"C{row}", *(f"value {row}-{n}" for n in range(1, 40))]) for row in range(3)]
    chunks = chunks_of("\n".join([",".join(names), *rows]), "wide.csv")
    for row in range(3):
        for n in range(1, 40):
            assert any(f"C{row} |" in c and f"column {n} " in c and f"value {row}-{n} " in c for c in chunks), (
                row,
                n,
            )


def test_each_piece_of_a_long_cell_has_its_header_and_key() -> None:
    words = " ".join(f"word{n}" for n in range(600))
    chunks = chunks_of(f"Key,Description,Version\nOPS-1,{words},4.5.0\nOPS-2,short,4.6.0\n", "tickets.csv")
    for chunk in chunks:
        assert "Key" in chunk
        assert "OPS-" in chunk
    assert " ".join(words.split()) == " ".join(
        word for chunk in chunks for word in chunk.split() if word.startswith("word")
    )
    assert any("OPS-1" in chunk and "4.5.0" in chunk and "Version" in chunk for chunk in chunks)


def test_json_lines_are_cut_between_records() -> None:
    records = [{"order": f"ORD-{n}", "customer": {"name": f"Zoë {n}"}, "status": "open"} for n in range(60)]
    chunks = chunks_of("\n".join(map(json.dumps, records)), "orders.jsonl")
    for n in range(60):
        assert any(f'ORD-{n}"' in chunk and f'Zoë {n}"' in chunk for chunk in chunks)


def test_json_is_cut_between_members() -> None:
    chunks = chunks_of(json.dumps({f"key{n}": {"limit": n, "unit": "bar"} for n in range(90)}), "config.json")
    assert len(chunks) > 1
    assert all(chunk.strip().count('"') % 2 == 0 for chunk in chunks)


def test_text_that_only_claims_to_be_json_is_read_as_text() -> None:
    document = read("{not json at all", "a.json")
    assert document.sections[0].text == "{not json at all"
    assert [warning.kind for warning in document.warnings] == [WarningKind.STRUCTURE_GUESSED]


def test_xml_keeps_attributes_signs_and_records() -> None:
    parts = "".join(
        f'<part number="PX-{n}" price="{n}.75"><name>R&amp;D {n}</name><stock site="Lyon">{n}</stock></part>'
        for n in range(40)
    )
    chunks = chunks_of(f"<?xml version='1.0'?><catalog>{parts}<c><![CDATA[x < y && z]]></c></catalog>", "a.xml")
    assert any("PX-37" in c and "37.75" in c and "R&D 37" in c and "Lyon" in c for c in chunks)
    assert any("x < y && z" in chunk for chunk in chunks)


def test_xml_reads_no_other_file_and_expands_no_entities() -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "boom"><!ENTITY f SYSTEM "file:///etc/passwd">]><a><t>fine &b; &f;</t></a>'
    text = text_of(bomb, "a.xml")
    assert "fine" in text
    assert "root:" not in text


def test_html_is_read_as_a_browser_shows_it() -> None:
    source = (
        "<html><head><title>Prices</title><style>p{}</style></head><body><h1>Prices</h1><p>Terms &amp; prices from "
        "1&nbsp;April<br>for 10<sup>6</sup> cells</p><p hidden>secret</p><ol start=3><li>third<li>fourth</ol>"
        "<pre>a  b\n c</pre><dl><dt>Freight</dt><dd>free</dd></dl>Order <a href='https://x.example/7'>here</a>."
        "<script>x()</script></body></html>"
    )
    assert text_of(source, "a.html") == (
        "Prices\n\nTerms & prices from 1\u00a0April\nfor 10^6 cells\n\n3. third\n4. fourth\n\n"
        "```\na  b\n c\n```\n\nFreight:\n\nfree\n\nOrder here <https://x.example/7>."
    )


def test_html_tables_keep_merged_cells_and_their_header() -> None:
    source = (
        "<table><tr><th>Region<th>City<th>Staff</tr><tr><td rowspan=2>North<td>Oslo<td>4</tr>"
        "<tr><td>Umeå<td>2</tr><tr><td colspan=2>all<td>6</tr></table>"
    )
    assert text_of(source, "a.html") == (
        "| Region | City | Staff |\n| North | Oslo | 4 |\n| North | Umeå | 2 |\n| all | all | 6 |"
    )


@pytest.mark.parametrize("depth", [300, 5000])
def test_deeply_nested_html_is_read(depth: int) -> None:
    assert "deep" in text_of("<div>" * depth + "deep" + "</div>" * depth, "a.html")
