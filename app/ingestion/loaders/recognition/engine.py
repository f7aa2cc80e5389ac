"""Tesseract: a picture to words with their boxes, turned upright first."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import lru_cache
from math import cos, sin

import tesserocr
from PIL import Image

from app.ingestion.loaders.pdf_layout.words import PageRotation, PageText, PageWord
from app.ingestion.loaders.recognition.settings import RecognitionSettings

# Per cent. Text that is upside down is at about 30; a good scan is at 90.
_GOOD, _LEAST = 70, 45
_LEAST_WORDS = 3
# A word below is a speck, if it is short.
_SPECK, _SPECK_LETTERS = 35.0, 2
_TURNS = (90, 180, 270)
_POINTS = 72
_WHITE = 255


@dataclass(frozen=True, slots=True)
class Recognised:
    """`page` has its words in points; `confidence` is in per cent, 0 if there is no text."""

    page: PageText
    confidence: int

    @property
    def letters(self) -> int:
        return sum(len(word.text) for word in self.page.words)

    @property
    def readable(self) -> bool:
        return self.confidence >= _LEAST and self.letters > 0


@lru_cache(maxsize=1)
def recogniser_for(settings: RecognitionSettings) -> "Recogniser":
    """The recogniser of a configuration: made once a process, since languages take time to load."""
    return Recogniser(settings)


class Recogniser:
    def __init__(self, settings: RecognitionSettings) -> None:
        with ExitStack() as stack:
            folder = stack.enter_context(settings.folder())
            path, languages = f"{folder}/", "+".join(settings.languages)
            self._text = tesserocr.PyTessBaseAPI(path=path, lang=languages, psm=tesserocr.PSM.AUTO)
            self._orientation = tesserocr.PyTessBaseAPI(path=path, lang="osd", psm=tesserocr.PSM.OSD_ONLY)

    def read(self, image: Image.Image, dpi: int) -> Recognised:
        """Read a grey picture; one that makes no sense as it stands is also tried turned."""
        found = self._read(image, dpi)
        if found.confidence >= _GOOD and len(found.page.words) >= _LEAST_WORDS:
            return found
        for turn in self._turns(image):
            turned = self._read(image.rotate(turn, expand=True, fillcolor=_WHITE), dpi)
            if turned.confidence * turned.letters > found.confidence * found.letters:
                found = turned
            if found.confidence >= _GOOD:
                break
        return found

    def _turns(self, image: Image.Image) -> Iterator[int]:
        """Quarter turns to try, the one first that the shapes of the letters speak for."""
        self._orientation.SetImage(image)
        guess = self._orientation.DetectOrientationScript()
        first = int(guess["orient_deg"]) if guess else 0
        if first:
            yield first
        if first or not guess:
            yield from (turn for turn in _TURNS if turn != first)

    def _read(self, image: Image.Image, dpi: int) -> Recognised:
        self._text.SetImage(image)
        self._text.SetSourceResolution(dpi)
        self._text.Recognize()
        scale = _POINTS / dpi
        words = list(self._words(scale))
        confidence = self._text.MeanTextConf() if words else 0
        width, height = image.width * scale, image.height * scale
        view = PageRotation(0, 0.0, 0.0, width, height)
        return Recognised(
            PageText(" ".join(word.text for word in words), width, height, words, [], view), confidence
        )

    def _words(self, scale: float) -> Iterator[PageWord]:
        level = tesserocr.RIL.WORD
        iterator = self._text.GetIterator()
        if iterator is None or iterator.Empty(level):
            return
        for place, each in enumerate(tesserocr.iterate_level(iterator, level)):
            text, baseline = each.GetUTF8Text(level).strip(), each.Baseline(level)
            if not text or baseline is None:
                continue
            if each.Confidence(level) < _SPECK and len(text) <= _SPECK_LETTERS:
                continue
            left, top, right, bottom = each.BoundingBox(level)
            height = max(each.RowAttributes()["row_height"], bottom - top) * scale
            skew = each.Orientation()[3]
            # A slanted page is set straight, so that its lines are rows.
            x, y = _straight(left * scale, (baseline[0][1]) * scale, skew)
            yield PageWord(text, x, y - 0.8 * height, x + (right - left) * scale, y + 0.2 * height, place=place)


def _straight(x: float, y: float, skew: float) -> tuple[float, float]:
    return x * cos(skew) - y * sin(skew), x * sin(skew) + y * cos(skew)
