"""One model of what a person sees in a file: readers yield these elements in reading order.

A reader yields `Properties` as soon as they are known, `PageStart` before what stands on a page or slide, and
`DocumentWarning` for what it could not read. A sheet is a `Heading` of level 1. No element is left out because it
occurs twice.
"""

from dataclasses import dataclass, field

from app.domain.reading import DocumentProperties, DocumentWarning

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PageStart:
    """What follows stands on this page or slide, counted from 1; None: on no page."""

    number: int | None


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` counts from 1, the most general. One without text ends the headings of its level and below.

    One that is not `shown` stands in the outline alone: it names what follows but is no text of the page.
    """

    level: int
    text: str
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Paragraph:
    """`last_page`: the page that it ends on, if that is not the one that it begins on."""

    text: str
    last_page: int | None = None


@dataclass(frozen=True, slots=True)
class ListItem:
    """`marker` is what a person sees before the item: "-", "3.2", "a)". `level` counts from 0."""

    text: str
    marker: str = "-"
    level: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A grid in which a merged cell's text stands in every cell that it covers; empty cells are "".

    `header` are the rows above the data, `key` is the column that names a row, None if none does. `continued`: the
    rows go on with the table before, whose header is repeated here. Readers yield long tables in such parts.
    """

    rows: tuple[Row, ...]
    header: tuple[Row, ...] = ()
    key: int | None = 0
    continued: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that belong apart: code, log lines, records. `language`: it is code, written between fences."""

    text: str
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A footnote, endnote or speaker note. `label` is what refers to it: "1", "Notes"."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Comment:
    text: str
    author: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document inside the document: it is read by the reader of its own kind."""

    filename: str
    content: bytes
    media_type: str | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture within a document. `description` is its alternative text; `content` is empty if it is not there."""

    description: str = ""
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """Page `number` of the file, counted from 1, is a picture; `content` is the file that has it, if another."""

    number: int
    content: bytes = b""
    media_type: str = ""


Body = Heading | Paragraph | ListItem | Table | Lines | Note | Comment
Element = Body | PageStart | Attachment | Picture | ScannedPage | DocumentWarning | DocumentProperties


@dataclass(frozen=True, slots=True)
class Section:
    """A run of text under one heading path, on one page or from `page` to `last_page`.

    `blocks` are what `text` was written from. A section that is a `picture` has no text until it is recognised.
    """

    text: str
    page: int | None = None
    heading: str | None = None
    last_page: int | None = None
    blocks: tuple[Body, ...] = ()
    picture: Picture | ScannedPage | None = None


@dataclass(frozen=True, slots=True)
class LoadedDocument:
    """A file that was read whole."""

    media_type: str
    sections: tuple[Section, ...]
    properties: DocumentProperties = field(default_factory=DocumentProperties)
    warnings: tuple[DocumentWarning, ...] = ()


def linked(text: str, address: str | None) -> str:
    """A link's text with its address, which a person sees by pointing at it.

    Addresses within the document and those that the text says already are left out.
    """
    address = (address or "").strip()
    target = address.removeprefix("mailto:").removesuffix("/")
    if not address or address.startswith("#") or target in text:
        return text
    return f"{text} <{address}>" if text else f"<{address}>"


def superscript(text: str) -> str:
    """Raised text keeps its distance: 10^6 is not 106."""
    return f"^{text}" if text.strip() else text
