"""The child's task: the chunks of pages and pictures that have to be recognised, one part a picture."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import median

from app.domain.documents import ChunkDraft
from app.domain.reading import DocumentProperties, DocumentWarning, WarningKind
from app.errors import UnreadableDocument
from app.ingestion.document.model import PageStart, Picture, ScannedPage, Section
from app.ingestion.document.sections import HEADING_SEPARATOR, sections_of
from app.ingestion.loaders.pdf_layout.blocks import Style, page_blocks
from app.ingestion.loaders.reading import unrecognised
from app.ingestion.loaders.recognition.engine import Recognised, recogniser_for
from app.ingestion.loaders.recognition.images import PageImages, page_images
from app.ingestion.loaders.recognition.settings import RecognitionSettings
from app.ingestion.splitting.splitter import SplitterConfig, splitter_for

# Others who use the machine go first.
_NICENESS = 10


@dataclass(frozen=True, slots=True)
class ToRecognise:
    """What the text of a file left over. `files` hold the `pictures` that are not pages of the file itself."""

    media_type: str
    pictures: tuple[Section, ...]
    warnings: tuple[DocumentWarning, ...]
    properties: DocumentProperties


@dataclass(frozen=True, slots=True)
class RecognisedPart:
    """What a picture says, with ordinals from 0, and its warnings."""

    chunks: tuple[ChunkDraft, ...]
    warnings: tuple[DocumentWarning, ...]


def recognise_parts(
    content: bytes,
    media_type: str,
    pictures: Sequence[Section],
    settings: RecognitionSettings,
    config: SplitterConfig,
) -> Iterator[RecognisedPart]:
    """Runs in the child: one part for each picture, in order. `pictures` are sections without text."""
    os.nice(max(0, _NICENESS - os.nice(0)))
    recogniser, splitter = recogniser_for(settings), splitter_for(config)
    with ExitStack() as stack:
        opened: dict[int, PageImages] = {}
        for section in pictures:
            picture = section.picture
            assert picture is not None
            own = picture.content or content
            kind = picture.media_type if isinstance(picture, ScannedPage) and picture.content else media_type
            try:
                if id(own) not in opened:
                    as_picture = "" if isinstance(picture, Picture) else kind
                    opened[id(own)] = stack.enter_context(page_images(own, as_picture))
                image, dpi = opened[id(own)].page(picture.number if isinstance(picture, ScannedPage) else 1)
            except UnreadableDocument as error:
                yield RecognisedPart((), (replace(unrecognised(section), message=error.detail),))
                continue
            found = recogniser.read(image, dpi)
            if found.readable:
                drafts = tuple(splitter.stream(_sections(found, section)))
                yield RecognisedPart(drafts, (_told(found, section),))
            else:
                yield RecognisedPart((), (unrecognised(section),))


def _sections(found: Recognised, section: Section) -> Iterator[Section]:
    """What was recognised under the headings that the picture stands under."""
    height = median(word.height for word in found.page.words)
    # Heights of recognised lines differ too much to tell headings by them.
    blocks = page_blocks(found.page, (), Style(height, frozenset(), outlined=True))
    for each in sections_of([PageStart(section.page), *blocks]):
        path = [part for part in (section.heading, each.heading) if part]
        yield replace(each, heading=HEADING_SEPARATOR.join(path) or None)


def _told(found: Recognised, section: Section) -> DocumentWarning:
    place = f"page {section.page}" if section.page is not None else "picture"
    return DocumentWarning(
        WarningKind.RECOGNISED_TEXT,
        "Text was recognised in a picture and may have mistakes; the confidence is given.",
        f"{place} at {found.confidence} %",
    )
