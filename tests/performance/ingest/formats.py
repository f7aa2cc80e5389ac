"""How fast files of each format become chunks, beside the library alone that their reader stands on.

Everything up to the embedding is measured: what the file is, its elements, its sections, its chunks. Seconds are of
the processor, since all of it is one thread's work, so that what else the machine does changes little.
"""

import csv
import email
import json
import random
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from io import BytesIO, StringIO

import lxml.html
import openpyxl
import pypdfium2
from lxml import etree
from markdown_it import MarkdownIt

from app.ingestion.loaders.extract import open_file
from app.ingestion.splitting.splitter import SplitterConfig, splitter_for
from tests.performance.ingest.memory import WORDS, pdf
from tests.performance.shared.figures import Contender, Figure, in_turns, show
from tests.support.files.office import docx, paragraph
from tests.support.files.opendocument import opendocument

PAGES, ROWS, PARAGRAPHS = 285, 3_000, 3_000
COLUMNS = 8
# Seconds that 285 pages and 3,000 rows of a sheet may take.
AIM = 2.0


@dataclass(frozen=True)
class Sample:
    """`units` are its pages, rows or paragraphs; `alone` reads its text or cells by the library and no more."""

    filename: str
    content: bytes
    units: int
    unit: str
    library: str
    alone: Callable[[bytes], object]


def samples() -> list[Sample]:
    rng = random.Random(0)
    texts = [f"{number}. {' '.join(rng.choices(WORDS, k=40))}." for number in range(PARAGRAPHS)]
    rows = [
        [f"K-{number}", *(f"{rng.choice(WORDS)} {rng.randrange(9999)}" for _ in range(COLUMNS - 1))]
        for number in range(ROWS)
    ]
    header = ["key", *WORDS[: COLUMNS - 1]]
    joined = "\n\n".join(texts)
    return [
        Sample("book.pdf", pdf(PAGES, 40), PAGES, "pages", "pypdfium2", _pdf),
        Sample("rows.xlsx", _workbook([header, *rows]), ROWS, "rows", "openpyxl", _openpyxl),
        Sample(
            "rows.ods",
            opendocument("spreadsheet", _table([header, *rows])),
            ROWS,
            "rows",
            "lxml",
            _zipped("content.xml"),
        ),
        Sample("rows.csv", _comma([header, *rows]), ROWS, "rows", "csv", _csv),
        Sample(
            "rows.html",
            f"<table>{_html_rows([header, *rows])}</table>".encode(),
            ROWS,
            "rows",
            "lxml",
            lxml.html.fromstring,
        ),
        Sample("rows.jsonl", _lines(header, rows), ROWS, "rows", "json", _json),
        Sample("rows.xml", _records(header, rows), ROWS, "rows", "lxml", etree.fromstring),
        Sample(
            "text.docx",
            docx("".join(map(paragraph, texts))),
            PARAGRAPHS,
            "paragraphs",
            "lxml",
            _zipped("word/document.xml"),
        ),
        Sample("text.md", joined.encode(), PARAGRAPHS, "paragraphs", "markdown-it", _markdown),
        Sample(
            "text.html",
            "".join(f"<p>{text}</p>" for text in texts).encode(),
            PARAGRAPHS,
            "paragraphs",
            "lxml",
            lxml.html.fromstring,
        ),
        Sample("text.txt", joined.encode(), PARAGRAPHS, "paragraphs", "decoding", bytes.decode),
        Sample("text.eml", _mail(joined), PARAGRAPHS, "paragraphs", "email", _email),
    ]


def _pdf(content: bytes) -> object:
    document = pypdfium2.PdfDocument(content)
    return [page.get_textpage().get_text_bounded() for page in document]


def _openpyxl(content: bytes) -> object:
    book = openpyxl.load_workbook(BytesIO(content), read_only=True, data_only=True)
    return [row for sheet in book for row in sheet.iter_rows(values_only=True)]


def _workbook(rows: list[list[str]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Rows")
    for row in rows:
        sheet.append(row)
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _zipped(member: str) -> Callable[[bytes], object]:
    def parse(content: bytes) -> object:
        with zipfile.ZipFile(BytesIO(content)) as package:
            return etree.fromstring(package.read(member))

    return parse


def _table(rows: list[list[str]]) -> str:
    def cell(text: str) -> str:
        return f"<table:table-cell><text:p>{text}</text:p></table:table-cell>"

    written = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    return f'<table:table table:name="Rows">{written}</table:table>'


def _html_rows(rows: list[list[str]]) -> str:
    return "".join(f"<tr>{''.join(f'<td>{text}</td>' for text in row)}</tr>" for row in rows)


def _comma(rows: list[list[str]]) -> bytes:
    buffer = StringIO()
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


def _csv(content: bytes) -> object:
    return list(csv.reader(StringIO(content.decode())))


def _lines(header: list[str], rows: list[list[str]]) -> bytes:
    return "\n".join(json.dumps(dict(zip(header, row, strict=True))) for row in rows).encode()


def _json(content: bytes) -> object:
    return [json.loads(line) for line in content.splitlines()]


def _records(header: list[str], rows: list[list[str]]) -> bytes:
    def record(row: list[str]) -> str:
        return f"<row>{''.join(f'<{name}>{text}</{name}>' for name, text in zip(header, row, strict=True))}</row>"

    return f"<rows>{''.join(map(record, rows))}</rows>".encode()


def _markdown(content: bytes) -> object:
    return MarkdownIt("commonmark").enable("table").parse(content.decode())


def _mail(text: str) -> bytes:
    message = EmailMessage()
    message["Subject"] = "Notes"
    message.set_content(text)
    return message.as_bytes()


def _email(content: bytes) -> object:
    body = email.message_from_bytes(content, policy=policy.default).get_body()
    return body.get_content() if body is not None else None


def _chunks(sample: Sample) -> int:
    sections = open_file(sample.content, sample.filename).sections
    return sum(1 for _ in splitter_for(SplitterConfig()).stream(sections))


def _timed(work: Callable[[], object]) -> Contender:
    async def seconds() -> float:
        began = time.process_time()
        work()
        return time.process_time() - began

    return seconds


async def bench_formats(turns: int) -> list[Figure]:
    """The first reading of a kind imports its reader, so each is read once before."""
    figures: list[Figure] = []
    for sample in samples():
        _chunks(sample)
        contenders = {
            "alone": _timed(lambda sample=sample: sample.alone(sample.content)),  # type: ignore[misc]
            "ours": _timed(lambda sample=sample: _chunks(sample)),  # type: ignore[misc]
        }
        seconds = await in_turns(contenders, turns)
        name = f"{sample.filename}, {sample.units:,} {sample.unit}"
        alone, ours = seconds["alone"], seconds["ours"]
        figures.append(
            Figure("formats", f"{name}: {sample.library} alone", sample.units / alone, f"{sample.unit}/s")
        )
        figures.append(
            Figure(
                "formats",
                f"{name}: to chunks",
                sample.units / ours,
                f"{sample.unit}/s",
                alone / ours,
                f"{sample.library} alone",
            )
        )
        if sample.filename in {"book.pdf", "rows.xlsx"}:
            figures.append(
                Figure("formats", f"{name}: seconds", ours, "s", AIM / ours, f"{AIM:.0f} s, as a speed", 1.0)
            )
    show("Files to chunks, in seconds of the processor", figures)
    return figures
