"""The outcome of reading a file beside its text: its properties, and warnings about the parts not read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

# Fields of the metadata that name a document, as its file may do itself.
_NAMING = ("title", "author", "date")
# Characters: a title that is a whole paragraph would be found by everything that it says.
_LONGEST = 200


class WarningKind(StrEnum):
    """A part of a file that a reader could not read as a person sees it."""

    PAGE_WITHOUT_TEXT = "page_without_text"
    PAGE_FAILED = "page_failed"
    PART_FAILED = "part_failed"
    ATTACHMENT_UNREAD = "attachment_unread"
    LIMIT_REACHED = "limit_reached"
    PICTURE = "picture"
    FORMULA_WITHOUT_VALUE = "formula_without_value"
    ENCODING_GUESSED = "encoding_guessed"
    BYTES_REPLACED = "bytes_replaced"
    RECOGNISED_TEXT = "recognised_text"
    STRUCTURE_GUESSED = "structure_guessed"

    @property
    def missing(self) -> bool:
        """Whether text of the file cannot be found, so that the document is `partial`."""
        return self in _MISSING


_MISSING = frozenset(
    {
        WarningKind.PAGE_WITHOUT_TEXT,
        WarningKind.PAGE_FAILED,
        WarningKind.PART_FAILED,
        WarningKind.ATTACHMENT_UNREAD,
        WarningKind.LIMIT_REACHED,
    }
)


@dataclass(frozen=True, slots=True)
class DocumentWarning:
    """A sentence for the document's owner. `where` is a page, sheet, cell or attachment: "page 3", "pages 2-5"."""

    kind: WarningKind
    message: str
    where: str | None = None

    @property
    def missing(self) -> bool:
        return self.kind.missing

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


def unread_parts(warnings: Iterable[DocumentWarning]) -> str | None:
    """The places in a file whose text cannot be found; None if it was read whole."""
    return ", ".join(told.where or told.message for told in warnings if told.missing) or None


@dataclass(frozen=True, slots=True)
class DocumentProperties:
    """The properties stored in a file. `created_at` is the author's date, not the upload's."""

    title: str | None = None
    author: str | None = None
    created_at: datetime | None = None
    page_count: int | None = None


def names_of(filename: str, properties: DocumentProperties, metadata: Mapping[str, Any]) -> str:
    """What people call a document: its path and name, title, author and month, and those that its metadata gives.

    By these words a search finds it, beside those of its text.
    """
    given = [metadata.get(field) for field in _NAMING]
    dated = properties.created_at
    found = [
        filename,
        properties.title,
        properties.author,
        f"{dated:%B %Y}" if dated else None,
        *(value for value in given if isinstance(value, str)),
    ]
    return " ".join(dict.fromkeys(name[:_LONGEST] for name in found if name))
