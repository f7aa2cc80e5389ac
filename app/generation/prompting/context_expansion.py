"""Extends passages by their neighbouring chunks, as far as the prompt has room."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from uuid import UUID

from app.domain.documents import Chunk
from app.domain.retrieval import ScoredChunk

Excerpt = tuple[ScoredChunk, str]

_JOINT = "\n"


def extended(
    excerpts: Sequence[Excerpt], around: Mapping[int, Sequence[Chunk]], room: int, count: Callable[[str], int]
) -> list[Excerpt]:
    """Extend uncut passages within their section by whole chunks, the best passage and the nearest chunk first.

    A passage stays on its page, so that its citation stays true, and takes in no chunk that another passage shows.

    Args:
        excerpts: passages, best first, and the text that is shown of each.
        around: by a passage's chunk, the chunks around it and itself, in reading order.
        room: tokens that are left.
        count: tokens of a text.
    """
    shown = {(chunk.document_id, chunk.ordinal) for chunk, _ in excerpts}
    grown: list[Excerpt] = []
    for chunk, excerpt in excerpts:
        before: list[str] = []
        after: list[str] = []
        if excerpt == chunk.text.strip():
            backwards, onwards = _sides(chunk, around.get(chunk.chunk_id, ()))
            for side, taken in ((onwards, after), (backwards, before)):
                for neighbour in _until_shown(side, shown):
                    text = neighbour.text.strip()
                    cost = count(_JOINT + text)
                    if cost > room:
                        break
                    room -= cost
                    shown.add((neighbour.document_id, neighbour.ordinal))
                    taken.append(text)
        grown.append((chunk, _JOINT.join([*reversed(before), excerpt, *after])))
    return grown


def _sides(chunk: ScoredChunk, around: Sequence[Chunk]) -> tuple[list[Chunk], list[Chunk]]:
    """Return the chunks before and after a passage without a gap, in its section and on its page, nearest first."""
    near = {item.ordinal: item for item in around if (item.section, item.page) == (chunk.section, chunk.page)}

    def run(step: int) -> list[Chunk]:
        found = []
        at = chunk.ordinal + step
        while at in near:
            found.append(near[at])
            at += step
        return found

    return run(-1), run(1)


def _until_shown(side: Sequence[Chunk], shown: set[tuple[UUID, int]]) -> Iterator[Chunk]:
    for chunk in side:
        if (chunk.document_id, chunk.ordinal) in shown:
            return
        yield chunk
