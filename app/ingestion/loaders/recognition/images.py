"""Pages of PDF and picture files as grey pictures, large enough to be recognised and no larger."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Protocol

import pypdfium2
from PIL import Image, ImageOps

from app.errors import UnreadableDocument
from app.ingestion.loaders import media

DPI = 300
_POINTS = 72
_MOST_POINTS = 25_000_000
# A picture that is narrower and lower was made for a screen: its letters are too small.
_SMALL = 2_000_000
_ENLARGED = 2
_SCREEN_DPI = 150


class PageImages(Protocol):
    def page(self, number: int) -> tuple[Image.Image, int]:
        """Page `number`, counted from 1, and its resolution in dots an inch.

        Raises:
            UnreadableDocument: it cannot be drawn.
        """


@contextmanager
def page_images(content: bytes, media_type: str) -> Iterator[PageImages]:
    if media_type != media.PDF:
        yield _Pictures(content)
        return
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as error:
        raise UnreadableDocument("The PDF is truncated or damaged.") from error
    try:
        yield _PdfPages(document)
    finally:
        document.close()


class _PdfPages:
    def __init__(self, document: pypdfium2.PdfDocument) -> None:
        self._document = document

    def page(self, number: int) -> tuple[Image.Image, int]:
        try:
            page = self._document[number - 1]
            width, height = page.get_size()
            scale = min(DPI / _POINTS, (_MOST_POINTS / max(1.0, width * height)) ** 0.5)
            bitmap = page.render(scale=scale, grayscale=True)
            image: Image.Image = bitmap.to_pil().copy()
            bitmap.close()
            page.close()
        except pypdfium2.PdfiumError as error:
            raise UnreadableDocument("The page cannot be drawn.") from error
        return image, round(scale * _POINTS)


class _Pictures:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def page(self, number: int) -> tuple[Image.Image, int]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(BytesIO(self._content)) as opened:
                    if number > 1:
                        opened.seek(number - 1)
                    image = _grey(ImageOps.exif_transpose(opened))
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise UnreadableDocument("The picture has more points than can be read.") from error
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            raise UnreadableDocument("The picture is truncated or damaged.") from error
        points = image.width * image.height
        if points > _MOST_POINTS:
            part = (_MOST_POINTS / points) ** 0.5
            image = image.resize((max(1, int(image.width * part)), max(1, int(image.height * part))))
        if points < _SMALL:
            return image.resize((image.width * _ENLARGED, image.height * _ENLARGED)), _SCREEN_DPI * _ENLARGED
        return image, DPI


def _grey(image: Image.Image) -> Image.Image:
    """On white, where it is transparent."""
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("L")
