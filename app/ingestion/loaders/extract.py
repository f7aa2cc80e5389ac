"""One file to a document: the reader for each kind. Runs in a worker process, never in the service's own."""

import csv
import json
import re
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from html import unescape

import kreuzberg
from striprtf.striprtf import rtf_to_text

from app.domain.reading import DocumentProperties, DocumentWarning, WarningKind
from app.errors import UnreadableDocument
from app.ingestion.document.cleaning import clean
from app.ingestion.document.model import LoadedDocument, Section
from app.ingestion.loaders import media, packages
from app.ingestion.loaders.markdown import by_heading, sections_of, strip_tags, table_text
from app.ingestion.loaders.pdf import read_pdf
from app.ingestion.loaders.reader import Source, reader_for
from app.ingestion.loaders.reading import NO_TEXT, Reading, begin
from app.ingestion.loaders.text import decode, refuse_garbage

_CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_HEAD_NOISE = re.compile(r"<meta\b[^>]*>|<title\b[^>]*>(.*?)</title\s*>", re.IGNORECASE | re.DOTALL)
_JSON_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4})+")
_CSV_SAMPLE = 64 * 1024
_CELL = re.compile(r"(?<!\\)\|")

Parts = tuple[list[Section], str | None, list[DocumentWarning]]


def extract(content: bytes, filename: str, media_type: str | None = None) -> LoadedDocument:
    """Read a file.

    Raises:
        UnsupportedMedia: a kind that is not read.
        UnreadableDocument: nothing can be read from it; the reason is for the one who sent it.
    """
    return open_file(content, filename, media_type).finish()


def open_file(content: bytes, filename: str, media_type: str | None = None) -> Reading:
    """Begin to read a file. Raises what `extract` does, now or while its sections are read."""
    kind = media.detect(content, filename, media_type)
    read = reader_for(kind)
    if read is not None:
        source = Source(content, filename, kind)
        return begin(source, read(source))
    if kind == media.PDF:
        return read_pdf(content)
    sections, title, warnings = _READERS.get(kind, _plain)(content, kind)
    if not sections:
        raise UnreadableDocument(NO_TEXT)
    reading = Reading(kind, iter(sections), DocumentProperties(title))
    for warning in warnings:
        reading.warnings.add(warning)
    return reading


def _text(content: bytes, *, declared: str | None = None) -> str:
    text = decode(content, declared=declared)
    refuse_garbage(text[:1_000_000])
    return text


def _plain(content: bytes, kind: str) -> Parts:
    text = _text(content)
    if kind == media.JSON:
        text = _JSON_ESCAPES.sub(lambda escape: json.loads(f'"{escape[0]}"'), text)
    return _one(text), None, []


def _one(text: str) -> list[Section]:
    text = clean(text)
    return [Section(text)] if text.strip() else []


def _markdown(content: bytes, _: str) -> Parts:
    return sections_of(_text(content)), None, []


def _table(content: bytes, kind: str) -> Parts:
    text = _text(content).replace("\x00", "").removeprefix("\ufeff")
    csv.field_size_limit(2**31 - 1)
    try:
        dialect = csv.Sniffer().sniff(text[:_CSV_SAMPLE], delimiters=",;\t|")
        delimiter = dialect.delimiter
    except csv.Error:
        delimiter = "\t" if kind == media.TSV else ","
    rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    return _one(table_text(rows)), None, []


def _html(content: bytes, kind: str) -> Parts:
    declared = _CHARSET.search(content[:4096])
    text = _text(content, declared=declared[1].decode("ascii") if declared else None)
    title = " ".join(
        clean(unescape(next((match[1] for match in _HEAD_NOISE.finditer(text) if match[1]), ""))).split()
    )
    result = _kreuzberg(_HEAD_NOISE.sub("", text).encode("utf-8", "replace"), kind)
    # Converters give up on absurd nesting.
    sections = sections_of(result.content, indented_code=False) or _one(strip_tags(text))
    if sections and not any(title in section.text for section in sections):
        sections[0] = replace(sections[0], text=f"{title}\n\n{sections[0].text}")
    return sections, title or None, []


def _xml(content: bytes, kind: str) -> Parts:
    declared = _CHARSET.search(content[:200])
    text = _text(content, declared=declared[1].decode("ascii") if declared else None)
    return _one(_kreuzberg(text.encode("utf-8", "replace"), kind, output="plain").content), None, []


def _rtf(content: bytes, _: str) -> Parts:
    text = rtf_to_text(  # type: ignore[no-untyped-call]  # the library has no types
        content.decode("latin-1"), errors="replace"
    )
    refuse_garbage(text)
    return _one(text), None, []


def _email(content: bytes, kind: str) -> Parts:
    message = message_from_bytes(content[:_CSV_SAMPLE])
    if message.get_content_type() in {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}:
        raise UnreadableDocument("The message is encrypted.")
    if message.is_multipart() is False and not str(message.get_payload()).strip():
        raise UnreadableDocument(NO_TEXT)
    return _converted(content, kind)


def _converted(content: bytes, kind: str) -> Parts:
    result = _kreuzberg(content, kind)
    refuse_garbage(result.content[:1_000_000])
    attachments = result.metadata.get("attachments") or []
    warnings = [
        DocumentWarning(WarningKind.ATTACHMENT_UNREAD, f"The attachment {name} was not read.", where=name)
        for name in attachments
    ]
    title = _title(result, "subject" if kind in {media.EMAIL, media.MSG} else "title")
    return sections_of(result.content, indented_code=False), title, warnings


def _text_markup(content: bytes, kind: str) -> Parts:
    return _converted(_text(content).encode("utf-8", "replace"), kind)


def _package(content: bytes, kind: str) -> Parts:
    packages.check_limits(content)
    sections, title, warnings = _converted(content, kind)
    return sections + _passed_over(content, sections), title, warnings


def _passed_over(content: bytes, sections: list[Section]) -> list[Section]:
    found = "\n".join(section.text for section in sections)
    return _one("\n\n".join(packages.missing_paragraphs(content, found)))


def _sheets(content: bytes, kind: str) -> Parts:
    if kind in media.PACKAGES:
        packages.check_limits(content)
    result = _kreuzberg(content, kind)
    blocks: list[tuple[int, str]] = []
    rows: list[list[str]] = []
    for line in [*result.content.split("\n"), ""]:
        if line.startswith("|"):
            cells = [cell.strip().replace("\\|", "|") for cell in _CELL.split(line)[1:-1]]
            if not all(set(cell) == {"-"} for cell in cells):
                rows.append(cells)
            continue
        if rows:
            blocks.append((0, table_text(rows)))
            rows = []
        if line.startswith("## "):
            blocks.append((2, line[3:]))
        elif line:
            blocks.append((0, line))
    sections = list(by_heading(blocks)) if any(text for level, text in blocks if not level) else []
    return sections, _title(result), []


def _title(result: kreuzberg.ExtractionResult, field: str = "title") -> str | None:
    title = result.metadata.get(field)
    return clean(title).strip() or None if isinstance(title, str) else None


def _kreuzberg(content: bytes, kind: str, *, output: str = "markdown") -> kreuzberg.ExtractionResult:
    config = kreuzberg.ExtractionConfig(
        use_cache=False,
        enable_quality_processing=False,
        output_format=output,
        pages=kreuzberg.PageConfig(extract_pages=True),
        content_filter=kreuzberg.ContentFilterConfig(
            include_headers=True, include_footers=True, strip_repeating_text=False
        ),
        concurrency=kreuzberg.ConcurrencyConfig(max_threads=1),
    )
    try:
        return kreuzberg.extract_bytes_sync(content, kind, config)
    except kreuzberg.KreuzbergError as error:
        if "password" in str(error).lower() or "encrypted" in str(error).lower():
            raise UnreadableDocument("The file is protected with a password.") from error
        raise UnreadableDocument("The file is truncated or damaged.") from error


_READERS: dict[str, Callable[[bytes, str], Parts]] = {
    media.MARKDOWN: _markdown,
    media.CSV: _table,
    media.TSV: _table,
    media.HTML: _html,
    media.XML: _xml,
    media.RTF: _rtf,
    media.EMAIL: _email,
    media.MSG: _converted,
    media.PPT: _converted,
    media.ODS: _sheets,
    media.ODT: _package,
    media.ODP: _package,
    media.EPUB: _package,
    media.RST: _text_markup,
    media.ORG: _text_markup,
    media.LATEX: _text_markup,
    media.NOTEBOOK: _text_markup,
}
