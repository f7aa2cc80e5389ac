"""Cuts a long text into parts that stay the same where the text does, so that what was made of them can be kept."""

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

# A part ends at a heading or at a mark once it has a fourth of its room; one piece in eight carries a mark.
_LEAST_SHARE = 0.25
_MARKED = 8


def parts_of(
    pieces: Sequence[T],
    *,
    most: int,
    size: Callable[[T], int],
    text: Callable[[T], str],
    section: Callable[[T], str] = lambda _piece: "",
) -> list[list[T]]:
    """Runs of pieces, each of at most `most` in size, or of one piece.

    A run ends before a new section, or after a piece whose text carries a mark, as in content-defined chunking
    (Muthitacharoen et al. 2001): a change of one piece moves the ends near it, and no others.

    Args:
        pieces: in their order.
        most: of the sum of a run's sizes.
        size: of a piece.
        text: of a piece, which decides whether it carries a mark.
        section: of a piece.
    """
    parts: list[list[T]] = []
    run: list[T] = []
    used = 0
    for piece in pieces:
        cost = size(piece)
        enough = used >= _LEAST_SHARE * most
        if run and (
            used + cost > most or (enough and (section(piece) != section(run[-1]) or _is_marked(text(run[-1]))))
        ):
            parts.append(run)
            run, used = [], 0
        run.append(piece)
        used += cost
    return [*parts, run] if run else parts


def _is_marked(text: str) -> bool:
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=1).digest()[0] % _MARKED == 0
