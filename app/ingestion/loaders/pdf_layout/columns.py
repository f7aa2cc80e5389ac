"""Columns of running text, as in papers and newsletters, whose lines need not stand at one height."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.ingestion.loaders.pdf_layout.words import PageWord

_GAP = 1.2
_OVERLAP = 0.5
# A line of running text has so many letters and words.
_LETTERS, _WORDS = 18, 3
_LEAST_LINES = 5
_MOST_COLUMNS = 4
# Of all lines: where fewer have text there is a gutter. Titles and wide figures cross it.
_SELDOM = 0.1
_LEAST_GUTTER = 5.0
# Of the page's width.
_LEAST_WIDTH = 0.12
# Of a page's letters: running text makes up at least so much of each of its columns.
_MOSTLY = 0.6
_CROSSING = 8.0


@dataclass(slots=True)
class _Fragment:
    """Words that follow each other on one line."""

    words: list[PageWord]
    left: float
    right: float
    top: float

    @property
    def letters(self) -> int:
        return sum(len(word.text) for word in self.words)

    @property
    def is_running(self) -> bool:
        return len(self.words) >= _WORDS and self.letters >= _LETTERS


def text_columns(words: Sequence[PageWord], width: float) -> Iterator[list[PageWord]]:
    """Groups of words in reading order: what stands across the columns, and each column between. One group if there
    are no columns.
    """
    fragments = _fragments(words)
    bounds = _bounds([each for each in fragments if each.is_running], width)
    if len(bounds) < 2 or not all(_is_text_column(fragments, bound) for bound in bounds):  # noqa: PLR2004
        yield list(words)
        return
    across = sorted((each for each in fragments if _crosses(each, bounds)), key=lambda each: each.top)
    rest = [each for each in fragments if not _crosses(each, bounds)]
    top = float("-inf")
    pending: list[PageWord] = []
    for line in [*across, None]:
        end = line.top if line is not None else float("inf")
        zone = [each for each in rest if top <= each.top < end]
        if zone:
            if pending:
                yield pending
                pending = []
            yield from _by_column(zone, bounds)
        if line is not None:
            pending += line.words
            top = end
    if pending:
        yield pending


def _fragments(words: Sequence[PageWord]) -> list[_Fragment]:
    fragments: list[_Fragment] = []
    for word in words:
        last = fragments[-1] if fragments else None
        if last is not None and _follows(word, last):
            last.words.append(word)
            last.right = max(last.right, word.right)
            last.left = min(last.left, word.left)
        else:
            fragments.append(_Fragment([word], word.left, word.right, word.top))
    return fragments


def _follows(word: PageWord, last: _Fragment) -> bool:
    before = last.words[-1]
    bottom = min(word.bottom, before.bottom)
    top = max(word.top, before.top)
    lower, higher = (before.height, word.height) if before.height < word.height else (word.height, before.height)
    if bottom - top < _OVERLAP * lower:
        return False
    return word.left - last.right <= _GAP * higher and last.left - word.right <= _GAP * higher


def _bounds(lines: Sequence[_Fragment], width: float) -> list[tuple[float, float]]:
    """Stretches of x that many lines cover."""
    if len(lines) < 2 * _LEAST_LINES:
        return []
    events = sorted([(line.left, 1) for line in lines] + [(line.right, -1) for line in lines])
    bounds: list[tuple[float, float]] = []
    depth, start = 0, None
    for at, step in events:
        depth += step
        if depth > _SELDOM * len(lines) and start is None:
            start = at
        elif depth <= _SELDOM * len(lines) and start is not None:
            if bounds and start - bounds[-1][1] < _LEAST_GUTTER:
                bounds[-1] = (bounds[-1][0], at)
            else:
                bounds.append((start, at))
            start = None
    wide = [bound for bound in bounds if bound[1] - bound[0] >= _LEAST_WIDTH * width]
    return wide if len(wide) <= _MOST_COLUMNS else []


def _is_text_column(fragments: Sequence[_Fragment], bound: tuple[float, float]) -> bool:
    own = [each for each in fragments if bound[0] <= (each.left + each.right) / 2 <= bound[1]]
    running = [each for each in own if each.is_running]
    return len(running) >= _LEAST_LINES and sum(each.letters for each in running) >= _MOSTLY * sum(
        each.letters for each in own
    )


def _crosses(fragment: _Fragment, bounds: Sequence[tuple[float, float]]) -> bool:
    return sum(min(fragment.right, right) - max(fragment.left, left) > _CROSSING for left, right in bounds) > 1


def _by_column(zone: Sequence[_Fragment], bounds: Sequence[tuple[float, float]]) -> Iterator[list[PageWord]]:
    for number in range(len(bounds)):
        words = [word for each in zone if _nearest(each, bounds) == number for word in each.words]
        if words:
            yield words


def _nearest(fragment: _Fragment, bounds: Sequence[tuple[float, float]]) -> int:
    middle = (fragment.left + fragment.right) / 2
    return min(range(len(bounds)), key=lambda n: max(bounds[n][0] - middle, middle - bounds[n][1], 0.0))
