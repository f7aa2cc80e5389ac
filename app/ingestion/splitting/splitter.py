"""Documents to chunks that fit the embedding model, cut where the document's structure allows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Self

from app.domain.documents import HEADROOM, ChunkDraft, Chunking
from app.ingestion.document.model import LoadedDocument, Section
from app.ingestion.document.sections import HEADING_SEPARATOR as PATH_SEPARATOR
from app.ingestion.splitting.blocks import Unit, blocks_of, units
from app.ingestion.splitting.ruler import Ruler
from app.ingestion.splitting.tokenizer import WORD, TokenCounter, counter_for

# Bounds the context's tokens whatever the script: no tokenizer makes more tokens than bytes.
_MAX_CONTEXT_BYTES = 144
_LEAST_MAX_TOKENS = 256
# A block is not begun in a chunk that is this full if it fits whole into the next one.
_FULL_ENOUGH = 0.5
_GOAL = 0.85
_SMALL = 0.25


@dataclass(frozen=True, slots=True)
class SplitterConfig:
    """`max_tokens`: the model's context. `target_tokens`: the most that a chunk's own text takes."""

    model: str = "all-minilm"
    max_tokens: int = 256
    target_tokens: int = 200
    overlap_tokens: int = 0

    @classmethod
    def of(cls, chunking: Chunking) -> Self:
        """What a collection wants; a model's limit is at least its size and what headings take."""
        return cls(
            chunking.model,
            max(_LEAST_MAX_TOKENS, chunking.size + HEADROOM),
            chunking.size,
            chunking.overlap,
        )


@lru_cache(maxsize=4)
def splitter_for(config: SplitterConfig) -> "Splitter":
    """The splitter of a configuration: made once a process, since a tokenizer takes time to load."""
    return Splitter(
        counter_for(config.model),
        max_tokens=config.max_tokens,
        target_tokens=config.target_tokens,
        overlap_tokens=config.overlap_tokens,
    )


def embedding_text(text: str, section: str | None) -> str:
    """What is embedded of a chunk: its text under its heading path.

    A heading that the text begins with is not said twice, and a long context loses its general end. Nothing here is
    of the file, so that equal chunks of two documents have one vector.
    """
    context = _context(text, section)
    return f"{context}\n{text}" if context else text


def _context(text: str, section: str | None) -> str:
    path = _path(section)
    if path and text.startswith(path[-1]):
        path.pop()
    context = PATH_SEPARATOR.join(dict.fromkeys(path))
    return context.encode()[-_MAX_CONTEXT_BYTES:].decode(errors="ignore").strip()


@dataclass(slots=True)
class _Piece:
    text: str
    tokens: int
    page: int | None
    section: str | None
    budget: int
    last_page: int | None = None


class Splitter:
    """Cuts documents. The same document and settings always give the same chunks.

    Guarantees: `embedding_text` of every chunk takes at most `max_tokens`; every
    character but white space is in a chunk, in order; no chunk spans two sections' pages. A table that is cut
    repeats its header, and its row's key where a row is cut; fenced code repeats its fence.

    Raises:
        ValueError: a `max_tokens` that leaves too little beside the context.
    """

    def __init__(
        self, tokenizer: TokenCounter, *, max_tokens: int = 256, target_tokens: int = 200, overlap_tokens: int = 0
    ) -> None:
        if max_tokens < _LEAST_MAX_TOKENS:
            raise ValueError(f"max_tokens must be at least {_LEAST_MAX_TOKENS}")
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens - tokenizer.specials
        self._target = target_tokens
        self._overlap = overlap_tokens

    def split(self, document: LoadedDocument) -> list[ChunkDraft]:
        return list(self.stream(document.sections))

    def stream(self, sections: Iterable[Section]) -> Iterator[ChunkDraft]:
        """Cut sections as they come: a chunk is given out once the piece after it is known."""
        ordinal = 0
        last: _Piece | None = None
        for section in sections:
            for piece in self._cut(section):
                if last is None:
                    last = piece
                elif _belong_together(last, piece):
                    last = _join(last, piece)
                else:
                    yield _draft(ordinal, last)
                    ordinal += 1
                    last = piece
        if last is not None:
            yield _draft(ordinal, last)

    def _cut(self, section: Section) -> Iterator[_Piece]:
        budget = self._budget(section.heading)
        text, found = blocks_of(section, budget, self._tokens)
        ruler = Ruler(text, self._tokenizer)
        atoms: list[Unit] = []
        # Tokens from each unit to the end of its block.
        rest: list[int] = []
        for block in found:
            cut = units(text, block)
            if (block.whole or block.kind == "code") and ruler.tokens(block.start, block.end) <= budget:
                cut = [Unit(block.start, block.end, opens=True)]
            fitted = [part for unit in cut for part in self._fit(ruler, unit, budget)]
            atoms += fitted
            rest += [ruler.tokens(unit.start, block.end) for unit in fitted]
        total = ruler.tokens(0, len(text))
        goal = total / max(1, -(-total // budget))
        for first, end, tokens in self._pack(ruler, atoms, rest, budget, goal):
            body = _render(text, atoms[first], atoms[end - 1])
            yield _Piece(body, tokens, section.page, section.heading, budget, section.last_page)

    def _budget(self, heading: str | None) -> int:
        last = _path(heading)[-1] if heading else ""
        contexts = {_context("", heading), _context(last, heading)}
        return min(self._target, self._max_tokens - max(self._tokens(context) for context in contexts))

    def _tokens(self, text: str) -> int:
        return sum(self._tokenizer.count(WORD.findall(text))) if text else 0

    def _fit(self, ruler: Ruler, unit: Unit, budget: int) -> Iterator[Unit]:
        """Cut a unit that no chunk can hold between words, and a word that is too long between characters."""
        extra = self._tokens(unit.repeats) + self._tokens(unit.closes)
        if extra > budget // 2:
            unit.repeats = unit.closes = ""
            extra = 0
        start, opens = unit.start, unit.opens
        while ruler.tokens(start, unit.end) + extra > budget:
            end = ruler.furthest(start, unit.end, budget - extra)
            yield Unit(start, end, opens, unit.repeats, unit.closes)
            start, opens = end, False
        yield Unit(start, unit.end, opens, unit.repeats, unit.closes)

    def _pack(
        self, ruler: Ruler, atoms: list[Unit], rest: list[int], budget: int, goal: float
    ) -> Iterator[tuple[int, int, int]]:
        """Yield runs of units as (first, end, tokens)."""
        first = 0
        while first < len(atoms):
            end = first + 1
            tokens = self._cost(ruler, atoms, first, end)
            while end < len(atoms):
                grown = self._cost(ruler, atoms, first, end + 1)
                if grown > budget or (atoms[end].opens and _better_apart(tokens, rest[end], budget, goal)):
                    break
                end, tokens = end + 1, grown
            yield first, end, tokens
            first = self._step_back(ruler, atoms, first, end) if end < len(atoms) else end

    def _cost(self, ruler: Ruler, atoms: list[Unit], first: int, end: int) -> int:
        added = self._tokens(atoms[first].repeats) + self._tokens(atoms[end - 1].closes)
        return ruler.tokens(atoms[first].start, atoms[end - 1].end) + added

    def _step_back(self, ruler: Ruler, atoms: list[Unit], first: int, end: int) -> int:
        start = end
        while start - 1 > first and ruler.tokens(atoms[start - 1].start, atoms[end - 1].end) <= self._overlap:
            start -= 1
        return start


def _draft(ordinal: int, piece: _Piece) -> ChunkDraft:
    return ChunkDraft(ordinal, piece.text, piece.tokens, piece.page, piece.section, piece.last_page)


def _better_apart(tokens: int, block_tokens: int, budget: int, goal: float) -> bool:
    if tokens >= _GOAL * goal:
        return True
    return tokens >= _FULL_ENOUGH * budget and tokens + block_tokens > budget >= block_tokens


def _render(text: str, first: Unit, last: Unit) -> str:
    body = text[first.start : last.end].strip("\n").rstrip()
    return "\n".join(filter(None, [first.repeats, body, last.closes]))


def _belong_together(left: _Piece, right: _Piece) -> bool:
    """A small piece joins its neighbour on the same page, under the same first heading."""
    budget = min(left.budget, right.budget)
    return (
        (left.last_page or left.page) == right.page
        and min(left.tokens, right.tokens) < _SMALL * budget
        and left.tokens + right.tokens <= budget
        and _path(left.section)[:1] == _path(right.section)[:1]
    )


def _join(left: _Piece, right: _Piece) -> _Piece:
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(_path(left.section), _path(right.section), strict=False))
    shared = [step for step, _ in pairs]
    return _Piece(
        f"{left.text}\n\n{right.text}",
        left.tokens + right.tokens,
        left.page,
        PATH_SEPARATOR.join(shared) or None,
        min(left.budget, right.budget),
        right.last_page or (right.page if right.page != left.page else None),
    )


def _path(section: str | None) -> list[str]:
    return section.split(PATH_SEPARATOR) if section else []
