"""What a reader is, and which one reads which kind of file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from app.ingestion.document.model import Element
from app.ingestion.loaders import media

# Media type to the module of `readers` that reads it.
READERS: Mapping[str, str] = {
    media.DOCX: "office.word",
    media.DOC: "office.old_word",
    media.PDF: "pdf",
    media.PPTX: "office.slides",
    media.XLSX: "office.sheets",
    media.XLSB: "office.binary_sheets",
    media.XLS: "office.old_sheets",
    media.XML_SHEETS: "office.xml_sheets",
    media.TEXT: "text.plain",
    media.MARKDOWN: "markup.markdown",
    media.HTML: "markup.html",
    media.CSV: "text.delimited",
    media.TSV: "text.delimited",
    media.JSON: "text.structured",
    media.XML: "text.structured",
    media.EMAIL: "mail.message",
    media.MBOX: "mail.message",
    media.MSG: "mail.outlook",
    media.RST: "markup.restructured",
    media.LATEX: "markup.latex",
    media.NOTEBOOK: "markup.notebook",
    media.RTF: "text.rtf",
    media.ODT: "office.opendocument",
    media.ODS: "office.opendocument",
    media.ODP: "office.opendocument",
    media.ODG: "office.opendocument",
    media.EPUB: "markup.epub",
    **dict.fromkeys(media.PICTURES, "pictures"),
    media.PPT: "text.converted",
    media.ORG: "text.converted",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A file as a reader gets it. `media_type` is what its bytes were recognised as."""

    content: bytes
    filename: str
    media_type: str


class Reader(Protocol):
    """The function `read` of a module of `readers`."""

    def __call__(self, source: Source) -> Iterator[Element]:
        """Yield what the file holds, in the order in which a person reads it.

        Long files come piece by piece: a reader holds no more than it needs. It runs in a child process, whose
        limits of time and memory also bound what a library does.

        Raises:
            UnreadableDocument: nothing can be read, or nothing more; the reason is for the file's owner. What can
                be left out is a `DocumentWarning` instead.
        """


def reader_for(media_type: str) -> Reader | None:
    """The reader of a kind of file; None if there is none."""
    name = READERS.get(media_type)
    if name is None:
        return None
    return cast(Reader, import_module(f"app.ingestion.loaders.readers.{name}").read)
