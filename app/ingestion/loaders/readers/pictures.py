"""Picture files: each page of one is recognised."""

import warnings
from collections.abc import Iterator
from io import BytesIO

from PIL import Image, UnidentifiedImageError

from app.errors import UnreadableDocument
from app.ingestion.document.model import Element, PageStart, ScannedPage
from app.ingestion.loaders import media
from app.ingestion.loaders.reader import Source


def read(source: Source) -> Iterator[Element]:
    for number in range(1, _pages(source) + 1):
        yield PageStart(number)
        yield ScannedPage(number)


def _pages(source: Source) -> int:
    """Only TIFF has pages; the frames of others are an animation."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(source.content)) as image:
                return int(getattr(image, "n_frames", 1)) if source.media_type == media.TIFF else 1
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnreadableDocument("The picture has more points than can be read.") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise UnreadableDocument("The picture is truncated or damaged.") from error
