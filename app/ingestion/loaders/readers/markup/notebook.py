"""Jupyter notebooks: prose as Markdown, code and its printed results."""

import json
from collections.abc import Iterator
from typing import Any

from app.domain.reading import DocumentWarning, WarningKind
from app.errors import UnreadableDocument
from app.ingestion.document.model import Element, Heading, Lines, Picture
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.readers.markup import html, markdown
from app.ingestion.loaders.text import decode


def read(source: Source) -> Iterator[Element]:
    decoded = decode(source.content)
    yield from decoded.warnings
    try:
        notebook = json.loads(decoded.text)
        sheets = notebook.get("worksheets") or [notebook]  # version 3 of the format has sheets of cells
        cells = [cell for sheet in sheets for cell in sheet["cells"]]
        language = str(notebook.get("metadata", {}).get("language_info", {}).get("name", "python"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableDocument("The file is not a notebook.") from error
    for cell in cells:
        yield from _cell(cell, language)


def _cell(cell: dict[str, Any], language: str) -> Iterator[Element]:
    text = _joined(cell.get("source", cell.get("input", "")))
    kind = cell.get("cell_type")
    if kind == "code":
        if text.strip():
            yield Lines(text, language)
        for output in cell.get("outputs", ()):
            yield from _output(output)
    elif kind == "heading":  # version 3
        yield Heading(int(cell.get("level", 1)), text)
    elif kind == "raw":
        yield Lines(text)
    elif text.strip():
        yield from markdown.elements(text)


def _output(output: dict[str, Any]) -> Iterator[Element]:
    data = output.get("data", output)
    printed = _joined(output.get("text", "")) or _joined(data.get("text/plain", ""))
    if "text/html" in data:
        yield from html.elements(_joined(data["text/html"]))
    elif printed.strip():
        yield Lines(printed)
    elif output.get("output_type") in ("error", "pyerr"):
        yield Lines(f"{output.get('ename', 'Error')}: {output.get('evalue', '')}")
    elif any(str(name).startswith("image/") for name in data):
        yield Picture()
    elif data is not output and data:
        yield DocumentWarning(WarningKind.PICTURE, "An output of another kind than text was not read.")


def _joined(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)
