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
    ScannedPage,
    Section,
)
from app.ingestion.document.sections import sections_of
from app.ingestion.loaders import media
from app.ingestion.loaders.reader import Source, reader_for
from app.ingestion.loaders.warning_list import WarningList

NO_TEXT = "The file holds no text."
NO_EXTRACTABLE = "The file holds no extractable text; it is a scan or a picture whose text cannot be recognised."
# Documents within documents within documents.
_DEEPEST = 8
# Bytes: a smaller picture is an ornament.
_LEAST_PICTURE = 2048
_Part = Body | PageStart | Picture | ScannedPage | DocumentWarning


@dataclass(slots=True)
class Reading:
    """A `LoadedDocument` in the making: the rest grows while `sections` are read, once.

    `pictures` are sections whose text must be recognised first.
    """

    media_type: str
    sections: Iterator[Section] = field(default_factory=lambda: iter(()))
    properties: DocumentProperties = field(default_factory=DocumentProperties)
    warnings: WarningList = field(default_factory=WarningList)
    pictures: list[Section] = field(default_factory=list)

    def leave_pictures(self) -> None:
        """Warn of what would have to be recognised."""
        for section in self.pictures:
            self.warnings.add(unrecognised(section))

    def finish(self) -> LoadedDocument:
        """Read everything that is left, but for pictures.

        Raises:
            UnreadableDocument: there is nothing else.
        """
        sections = tuple(self.sections)
        self.leave_pictures()
        if not sections:
            raise UnreadableDocument(NO_EXTRACTABLE)
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
        if section.picture is not None:
            reading.pictures.append(section)
            continue
        found = True
        yield section
    if not found and not reading.pictures:
        raise UnreadableDocument(" ".join([NO_TEXT, *map(str, reading.warnings.all()[:3])]))


def unrecognised(section: Section) -> DocumentWarning:
    """What to tell of a picture whose text is not known."""
    where = f"page {section.page}" if section.page is not None else None
    if isinstance(section.picture, ScannedPage):
        return DocumentWarning(WarningKind.PAGE_WITHOUT_TEXT, "The page holds no text that can be read.", where)
    return DocumentWarning(WarningKind.PICTURE, "A picture was not read.", where)


def _bodies(reading: Reading, elements: Iterator[Element]) -> Iterator[Body | PageStart | Picture | ScannedPage]:
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


def _with_attachments(elements: Iterator[Element], *, depth: int) -> Iterator[_Part | DocumentProperties]:
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


def _pictured(picture: Picture, page: PageStart) -> Iterator[_Part]:
    """A picture's alternative text, and the picture if it is large enough to have text in it."""
    if picture.description.strip():
        yield Paragraph(f"[Picture: {picture.description.strip()}]")
    if len(picture.content) >= _LEAST_PICTURE:
        yield picture
    else:
        yield unrecognised(Section("", page.number, picture=picture))


def _attached(attachment: Attachment, level: int, depth: int) -> Iterator[_Part]:
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
                case ScannedPage(content=b""):
                    yield ScannedPage(element.number, attachment.content, kind)
                case Heading():
                    yield replace(element, level=element.level + level)
                case _:
                    yield element
    except LocalChatError as error:
        yield DocumentWarning(
            WarningKind.ATTACHMENT_UNREAD, f"The attachment {name} was not read: {error.detail}", where=name
        )
