"""A page's words with their boxes, by PDFium: x to the right and y down, in points, on the page as it is seen."""

import ctypes
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import pi

import pypdfium2
from pypdfium2 import raw

from app.ingestion.document.model import Paragraph, Table, superscript

# A mark of PDFium's for a hyphen at the end of a line that it takes for one of line breaking.
SOFT = "\ufffe"
_SOFT_MARKS = "\x02\ufffe"
# East Asian writing has no spaces; its lines are cut where another line begins.
_WORD = re.compile(rf"[^\s{_SOFT_MARKS}]+[{_SOFT_MARKS}]?|[{_SOFT_MARKS}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_QUARTER = pi / 2
# The place of words that are laid over the page's own, like what was typed into a form.
OVERLAID = 1_000_000
# A raised character is this much smaller than the line's, and stands this much above its foot.
_SMALLER, _HIGHER = 0.85, 0.15
_MOST_RAISED = 4


@dataclass(slots=True)
class PageWord:
    """`place` is where it comes in the page's own order. One that stands for a `table` has no text."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    place: int = 0
    table: Sequence[Table | Paragraph] | None = None
    height: float = field(init=False)
    middle: float = field(init=False)

    def __post_init__(self) -> None:
        self.height = self.bottom - self.top
        self.middle = (self.top + self.bottom) / 2


@dataclass(slots=True)
class PageText:
    """`words` without the `sideways` ones, which are written across them. `plain` is all text in its own order."""

    plain: str
    width: float
    height: float
    words: list[PageWord]
    sideways: list[PageWord]
    view: "PageRotation"


@dataclass(frozen=True, slots=True)
class PageRotation:
    """Turns PDFium's boxes, whose y goes up, into those of the page with its text upright.

    `turns` are quarters by which the text leans against the clock.
    """

    turns: int
    left: float
    bottom: float
    width: float
    height: float

    def seen(self, left: float, bottom: float, right: float, top: float) -> tuple[float, float, float, float]:
        """(left, top, right, bottom)."""
        left, right = left - self.left, right - self.left
        bottom, top = bottom - self.bottom, top - self.bottom
        match self.turns:
            case 1:
                return bottom, left, top, right
            case 2:
                return self.width - right, bottom, self.width - left, top
            case 3:
                return self.height - top, self.width - right, self.height - bottom, self.width - left
            case _:
                return left, self.height - top, right, self.height - bottom


def read_text(page: pypdfium2.PdfPage) -> PageText:
    """
    Raises:
        PdfiumError: the page cannot be read.
    """
    left, bottom, right, top = page.get_cropbox()
    text_page = page.get_textpage()
    try:
        units = _units(text_page)
        boxes = [] if units is None else list(_boxes(text_page, units))
        plain = text_page.get_text_range() if units is None else _joined(units)
    finally:
        text_page.close()
    turns = Counter(turned for *_, turned in boxes).most_common(1)
    view = PageRotation(
        turns[0][0] if turns else page.get_rotation() // 90, left, bottom, right - left, top - bottom
    )
    words: list[PageWord] = []
    sideways: list[PageWord] = []
    for place, (text, box, turned) in enumerate(boxes):
        (words if turned == view.turns else sideways).append(PageWord(text, *view.seen(*box), place))
    width, height = (view.width, view.height) if view.turns % 2 == 0 else (view.height, view.width)
    return PageText(plain, width, height, words, sideways, view)


def _units(text_page: pypdfium2.PdfTextPage) -> str | None:
    """The text with a character a code unit; None if PDFium counts its characters in another way."""
    count = raw.FPDFText_CountChars(text_page.raw)
    if count <= 0:
        return ""
    buffer = (ctypes.c_ushort * (count + 1))()
    if raw.FPDFText_GetText(text_page.raw, 0, count, buffer) != count + 1:
        return None
    text = bytes(buffer)[:-2].decode("utf-16-le", "surrogatepass")
    return text if len(text) == count else "".join(map(chr, buffer[:count]))


def _joined(units: str) -> str:
    """Code units as text."""
    if not _SURROGATE.search(units):
        return units
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


_Box = tuple[float, float, float, float]


def _boxes(text_page: pypdfium2.PdfTextPage, units: str) -> Iterator[tuple[str, _Box, int]]:
    """Each word with its box (left, bottom, right, top) and the quarters that it leans against the clock."""
    area = raw.FS_RECTF()
    by_reference = ctypes.byref(area)
    loose, angle, handle = raw.FPDFText_GetLooseCharBox, raw.FPDFText_GetCharAngle, text_page.raw
    for match in _WORD.finditer(units):
        first, last = match.start(), match.end() - 1
        text = match[0]
        if text[-1] in _SOFT_MARKS:
            last = max(first, last - 1)
            text = text[:-1] + SOFT
        if not loose(handle, first, by_reference):
            continue
        left, bottom, right, top = area.left, area.bottom, area.right, area.top
        turned = -round(angle(handle, first) / _QUARTER) % 4
        if last > first and loose(handle, last, by_reference):
            turned = _turned(turned, area.left - left, area.bottom - bottom)
            if not turned and _is_raised(bottom, top, area):
                text = _with_raised(text_page, text, first, (bottom, top))
            left, right = min(left, area.left), max(right, area.right)
            bottom, top = min(bottom, area.bottom), max(top, area.top)
        yield _joined(text), (left, bottom, right, top), turned


def _turned(turned: int, right: float, up: float) -> int:
    """Quarters by which a word leans, by the way from its first character to its last: it may be mirrored too."""
    if turned % 2:
        return 1 if up > 0 else 3
    return 0 if right > 0 else turned


def _is_raised(bottom: float, top: float, area: raw.FS_RECTF) -> bool:
    height = top - bottom
    return bool(area.top - area.bottom < _SMALLER * height and area.bottom > bottom + _HIGHER * height)


def _with_raised(text_page: pypdfium2.PdfTextPage, text: str, first: int, line: tuple[float, float]) -> str:
    """Raised digits and letters at a word's end keep their distance: 10^6 is not 106."""
    area, handle = raw.FS_RECTF(), text_page.raw
    start = len(text)
    while start > 1 and len(text) - start < _MOST_RAISED:
        raw.FPDFText_GetLooseCharBox(handle, first + start - 1, ctypes.byref(area))
        if not _is_raised(*line, area):
            break
        start -= 1
    last = first + len(text) - 1
    # Boxes also differ between fonts of one size.
    small = raw.FPDFText_GetFontSize(handle, last) < _SMALLER * raw.FPDFText_GetFontSize(handle, first)
    return text[:start] + superscript(text[start:]) if small and text[start:].isalnum() else text
