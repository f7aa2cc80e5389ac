"""Plain text, Markdown, reStructuredText, LaTeX, RTF and notebooks: what a person sees is what is read."""

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


def test_colours_of_a_terminal_are_no_text() -> None:
    text = "\x1b[32mINFO\x1b[0m start\n\x1b[31mERROR\x1b[0m code \x1b[1mE-77\x1b[0m disk full\n"
    assert text_of(text, "app.log") == "INFO start\nERROR code E-77 disk full"


def test_log_lines_are_cut_between_records() -> None:
    lines = [f"2024-03-01 00:00:{n:02},100 INFO [db-pool] request id=req-{n} code=E4{n:03}" for n in range(60)]
    for chunk in chunks_of("\n".join(lines), "service.log"):
        assert set(chunk.split("\n")) <= set(lines)


def test_prose_that_is_wrapped_is_cut_between_sentences() -> None:
    prose = "\n".join(["The pump has run for nine years without a fault, which", "nobody expected. It stops"] * 40)
    assert all(chunk.endswith((".", "stops")) for chunk in chunks_of(prose, "note.txt"))


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "合同编号：HT-2024-088，金额：12万元。"),  # noqa: RUF001 - as it is written
        ("cp1255", "החוזה מסתיים ב-30 ביוני והקנס הוא 500 אירו"),
        ("shift_jis", "部品の納期は四月十二日です。担当は佐藤です。"),
        ("cp1251", "Договор заканчивается тридцатого июня этого года."),
    ],
)
def test_a_guessed_encoding_is_told(encoding: str, text: str) -> None:
    document = read(text.encode(encoding), "letter.txt")
    assert document.sections[0].text == text
    assert [warning.kind for warning in document.warnings] == [WarningKind.ENCODING_GUESSED]


def test_one_damaged_byte_costs_one_character() -> None:
    content = ("Das Gebäude hat 42 Räume. " * 20).encode() + b"Stra\xdfe. " + "Die Miete beträgt 500 €.".encode()
    document = read(content, "letter.txt")
    assert document.sections[0].text.count("\ufffd") == 1
    assert "Gebäude" in document.sections[0].text
    assert [warning.kind for warning in document.warnings] == [WarningKind.BYTES_REPLACED]


def test_markdown_keeps_numbers_names_and_unknown_tags() -> None:
    source = "Use `<timeout>` or <timeout> here: 2*3*4, snake_case_name, __init__ and **bold**.\n"
    assert text_of(source, "a.md") == "Use <timeout> or <timeout> here: 2*3*4, snake_case_name, __init__ and bold."


def test_markdown_links_keep_their_address() -> None:
    source = "Get the [firmware](https://dl.example.org/4.3.bin) or mail <help@example.org>; see [below](#here).\n"
    assert text_of(source, "a.md") == (
        "Get the firmware <https://dl.example.org/4.3.bin> or mail help@example.org; see below."
    )


def test_markdown_keeps_front_matter_notes_definitions_and_html_tables() -> None:
    source = (
        "---\ntitle: Guide\nowner: HR\n---\n# Start\n\nTerm[^1]\n\n[^1]: It says 42 days.\n\n[API]: Application\n\n"
        "Word\n: its meaning\n\n<table><tr><th>Plan</th><th>Users</th><tr><td>Pro</td><td>50</td></table>\n"
    )
    text = text_of(source, "a.md")
    for part in ("owner: HR", "Term[1]", "[1] It says 42 days.", "[API]: Application", "Word:\n\nits meaning"):
        assert part in text
    assert "| Plan | Users |\n| Pro | 50 |" in text


def test_restructured_text_keeps_tables_notes_fields_and_addresses() -> None:
    source = (
        "Ports\n=====\n\n.. list-table:: Ports\n   :header-rows: 1\n\n   * - Service\n     - Port\n"
        "   * - db\n     - 5432\n\n.. code-block:: python\n\n   x = 1 < 2\n\n.. note:: Remember rule 9.\n\n"
        "See `Docs <https://docs.example.org/v5>`_ [#f1]_.\n\n.. [#f1] Footnote seven.\n\n:Version: 3.4\n"
    )
    text = text_of(source, "a.rst")
    for part in ("| Service | Port |\n| db | 5432 |", "x = 1 < 2", "Note: Remember rule 9.", "Version: 3.4"):
        assert part in text
    assert "Docs <https://docs.example.org/v5>" in text
    assert "Footnote seven." in text


def test_restructured_text_reads_no_other_file() -> None:
    assert "root:" not in text_of("Title\n=====\n\n.. include:: /etc/passwd\n\nBody\n", "a.rst")


def test_latex_keeps_headings_rows_and_signs() -> None:
    source = (
        r"\documentclass{article}\title{Pump study}\begin{document}\maketitle\section{R\&D}Costs are 5\% of \$12."
        r"\begin{tabular}{lr}Pump & Flow \\ \hline A & 1.5 \\ B & 2.5 \\\end{tabular}"
        r"\begin{enumerate}\item first\item second\end{enumerate}$a < b$\end{document}"
    )
    document = read(source, "paper.tex")
    assert document.properties.title == "Pump study"
    text = "\n\n".join(section.text for section in document.sections)
    assert "R&D\n\nCosts are 5% of $12." in text
    assert "| Pump | Flow |\n| A | 1.5 |\n| B | 2.5 |" in text
    assert "1. first\n2. second" in text
    assert "$a < b$" in text
    assert "maketitle" not in text


def test_rtf_keeps_headers_notes_rows_and_addresses() -> None:
    source = (
        r"{\rtf1\ansi\ansicpg1252{\header\pard Header ref 88\par}\pard Sch\'f6ne Gr\'fc\'dfe\par"
        r"\trowd\cellx2000\cellx4000\pard\intbl Item\cell Price\cell\row"
        "\n"
        r"\trowd\cellx2000\cellx4000\pard\intbl Hinge\cell 4.80\cell\row"
        "\n"
        r"\pard {\field{\*\fldinst{HYPERLINK "
        r'"https://rtf.example.org/x"}}{\fldrslt link text}}\par{\footnote\pard note text 42}}'
    )
    text = text_of(source, "letter.rtf")
    for part in ("Header ref 88", "Schöne Grüße", "note text 42", "https://rtf.example.org/x"):
        assert part in text
    assert "| Item | Price |\n| Hinge | 4.80 |" in text


def test_a_notebook_is_read_with_its_code_and_its_printed_results() -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Flow\n", "of *pumps*"]},
        {
            "cell_type": "code",
            "source": "print(6 * 7)",
            "outputs": [
                {"output_type": "stream", "text": ["42\n"]},
                {"output_type": "display_data", "data": {"image/png": "aGk="}},
            ],
        },
    ]
    document = read(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}), "a.ipynb")
    assert document.sections[0].text == "Flow\n\nof pumps\n\n```python\nprint(6 * 7)\n```\n\n42"
    assert [warning.kind for warning in document.warnings] == [WarningKind.PICTURE]
