"""Writes references to the sources into an answer while it streams."""

import re
from collections.abc import Sequence

from app.domain.answers import Citation, Delta, Source
from app.generation.support import Support
from app.generation.terms import terms

# A model's own reference: [1], [1, 2], [ 3 ]. A longer one than the limit is no reference.
_MARKER = re.compile(r"\[\s*\d{1,3}(?:\s*,\s*\d{1,3})*\s*\]")
_UNFINISHED = re.compile(r"\[[\s\d,]*")
_MARKER_LIMIT = 20
_SENTENCE_TERMS = 3
_FULL_STOP = re.compile(r"[.!?]['\")\]*_”’]*\Z")  # noqa: RUF001 - typographic on purpose
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]\.)+|\b(?:al|approx|cf|dr|etc|fig|inc|mr|mrs|no|st|vs)\.)\Z", re.IGNORECASE
)
_WIDE_STOPS = "。！？"  # noqa: RUF001 - full-width on purpose
_CLINGING = ".,;:!?)"


class CitationWriter:
    """Turns a model's text into deltas and citations. The places at which the text is split make no difference.

    A reference that the model writes is kept if there is such a source, and dropped otherwise. A sentence without a
    reference gets one after its full stop, if a source supports it. So each citation appears in the text as `[n]`.
    """

    def __init__(self, sources: Sequence[Source], question: str) -> None:
        self._chunks = {source.citation: source.chunk_id for source in sources}
        self._support = Support(sources, question)
        self._held = ""
        self._pending = ""
        self._events: list[Delta | Citation] = []
        self._length = 0
        self._space = ""
        self._sentence = ""
        self._cited = False
        self._ended = False
        self._dropped = False
        self._used: dict[int, None] = {}
        self.invalid = 0

    @property
    def used(self) -> tuple[int, ...]:
        """The sources cited so far, in the order of their first citation."""
        return tuple(self._used)

    @property
    def written(self) -> int:
        """The number of characters of the answer so far."""
        return self._length

    def feed(self, text: str) -> list[Delta | Citation]:
        """Take in a piece of the model's text, and return the events that it completes."""
        self._held += text
        while self._held:
            if self._held[0] == "[":
                if marker := _MARKER.match(self._held[:_MARKER_LIMIT]):
                    self._held = self._held[marker.end() :]
                    self._refer([int(number) for number in re.findall(r"\d+", marker.group())])
                    continue
                if len(self._held) < _MARKER_LIMIT and _UNFINISHED.fullmatch(self._held):
                    break
            character, self._held = self._held[0], self._held[1:]
            self._take(character)
        return self._drain()

    def finish(self) -> list[Delta | Citation]:
        """End the text, and return the events that were held back. White space at the end is dropped."""
        for character in self._held:
            self._take(character)
        self._close()
        return self._drain()

    def _take(self, character: str) -> None:
        dropped, self._dropped = self._dropped, False
        if character.isspace():
            if not (dropped and self._space):
                self._space += character
            self._dropped = dropped
            self._ended = self._ended or self._ends_at(character)
            return
        if dropped and character in _CLINGING:
            self._space = ""
        if self._ended:
            self._close()
        self._write_space()
        self._sentence += character
        self._write(character)
        self._ended = character in _WIDE_STOPS

    def _ends_at(self, space: str) -> bool:
        if space != "\n" and (not _FULL_STOP.search(self._sentence) or _ABBREVIATION.search(self._sentence)):
            return False
        return len(terms(self._sentence)) >= _SENTENCE_TERMS

    def _refer(self, numbers: Sequence[int]) -> None:
        valid = [number for number in numbers if number in self._chunks]
        self.invalid += len(numbers) - len(valid)
        if not valid:
            self._dropped = True
            return
        self._write_space()
        for number in valid:
            self._cite(number)

    def _close(self) -> None:
        """End the sentence, and give it a reference if it has none."""
        if not self._cited and (number := self._support.of(self._sentence)) is not None:
            self._write(" ")
            self._cite(number)
        self._sentence = ""
        self._cited = self._ended = False

    def _cite(self, number: int) -> None:
        self._write(f"[{number}]")
        self._cited = True
        self._used.setdefault(number)
        self._flush()
        self._events.append(Citation(number, self._chunks[number], self._length))

    def _write_space(self) -> None:
        if self._length:
            self._write(self._space)
        if self._sentence:
            self._sentence += self._space
        self._space = ""

    def _write(self, text: str) -> None:
        self._pending += text
        self._length += len(text)

    def _flush(self) -> None:
        if self._pending:
            self._events.append(Delta(self._pending))
            self._pending = ""

    def _drain(self) -> list[Delta | Citation]:
        self._flush()
        events, self._events = self._events, []
        return events
