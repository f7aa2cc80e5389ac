"""A file that is being read: its elements become sections, attachments are read in their place."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from app.domain.reading import DocumentProperties, DocumentWarning, WarningKind
from app.errors import LocalChatError, UnreadableDocument
from app.ingestion.document.model import (
    Attachment,
    Body,
    Element,
    Heading,
    LoadedDocument,
    PageStart,
    Paragraph,
    Picture,
    Section,
)
from app.ingestion.document.sections import sections_of
from app.ingestion.loaders import media
from app.ingestion.loaders.reader import Source, reader_for
from app.ingestion.loaders.warning_list import WarningList

NO_TEXT = "The file holds no text."
# Documents within documents within documents.
_DEEPEST = 8


@dataclass(slots=True)
class Reading:
    """A `LoadedDocument` in the making: `warnings` and `properties` grow while `sections` are read, once."""

    media_type: str
    sections: Iterator[Section] = field(default_factory=lambda: iter(()))
    properties: DocumentProperties = field(default_factory=DocumentProperties)
    warnings: WarningList = field(default_factory=WarningList)

    def finish(self) -> LoadedDocument:
        """Read everything that is left."""
        sections = tuple(self.sections)
        return LoadedDocument(self.media_type, sections, self.properties, self.warnings.all())


def begin(source: Source, elements: Iterator[Element]) -> Reading:
    """Make sections of what a reader yields.

    Raises while the sections are read:
        UnreadableDocument: there is no text in it.
    """
    reading = Reading(source.media_type)
    reading.sections = _or_refuse(reading, sections_of(_bodies(reading, elements)))
    return reading


def _or_refuse(reading: Reading, sections: Iterator[Section]) -> Iterator[Section]:
    found = False
    for section in sections:
        found = True
        yield section
    if not found:
        raise UnreadableDocument(" ".join([NO_TEXT, *map(str, reading.warnings.all()[:3])]))


def _bodies(reading: Reading, elements: Iterator[Element]) -> Iterator[Body | PageStart]:
    page = PageStart(None)
    for element in _with_attachments(elements, depth=0):
        match element:
            case DocumentWarning():
                reading.warnings.add(element)
            case DocumentProperties():
                reading.properties = element
            case PageStart():
                page = element
                yield page
            case _:
                yield element


def _with_attachments(
    elements: Iterator[Element], *, depth: int
) -> Iterator[Body | PageStart | DocumentWarning | DocumentProperties]:
    page, level = PageStart(None), 0
    for element in elements:
        if isinstance(element, Attachment):
            yield from _attached(element, level + 1, depth + 1)
            yield Heading(level + 1, "")
            yield page
            continue
        if isinstance(element, Picture):
            yield from _pictured(element, page)
            continue
        if isinstance(element, PageStart):
            page = element
        elif isinstance(element, Heading):
            level = element.level
        yield element


def _pictured(picture: Picture, page: PageStart) -> Iterator[Body | DocumentWarning]:
    where = f"page {page.number}" if page.number else None
    if picture.description.strip():
        yield Paragraph(f"[Picture: {picture.description.strip()}]")
    yield DocumentWarning(WarningKind.PICTURE, "A picture was not read.", where)


def _attached(attachment: Attachment, level: int, depth: int) -> Iterator[Body | PageStart | DocumentWarning]:
    """An attachment's elements under its name; a warning if it cannot be read, after what was read of it."""
    name = attachment.filename
    yield PageStart(None)
    yield Heading(level, f"Attachment {name}")
    try:
        if depth > _DEEPEST:
            raise UnreadableDocument("Documents are nested too deeply.")
        kind = media.detect(attachment.content, name, attachment.media_type)
        read = reader_for(kind)
        if read is None:
            raise UnreadableDocument("This kind of attachment is not read.")
        for element in _with_attachments(read(Source(attachment.content, name, kind)), depth=depth):
            match element:
                case DocumentWarning():
                    yield replace(element, where=f"{name}, {element.where}" if element.where else name)
                case DocumentProperties():
                    pass
                case Heading():
                    yield replace(element, level=element.level + level)
                case _:
                    yield element
    except LocalChatError as error:
        yield DocumentWarning(
            WarningKind.ATTACHMENT_UNREAD, f"The attachment {name} was not read: {error.detail}", where=name
        )
