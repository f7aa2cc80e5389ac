"""How texts are cut into batches."""

from collections.abc import Sequence
from math import ceil

# Fewer texts in a request would cost more in requests than they gain by sharing the work.
_FEWEST = 8


def cut(texts: Sequence[str], *, max_texts: int, max_chars: int, workers: int = 1) -> list[list[int]]:
    """Cut into batches of at most `max_texts` texts and `max_chars` characters, given as indexes into `texts`.

    Blank texts are in none. A text longer than `max_chars` is a batch of its own. Each of the `workers` gets as
    many batches as the others, of as many texts, so that they finish together and few texts reach every endpoint.
    Texts of similar length share a batch, so a server that pads wastes little; the longest come first.
    """
    by_length = sorted((index for index, text in enumerate(texts) if text.strip()), key=lambda i: -len(texts[i]))
    rounds = ceil(len(by_length) / (max_texts * workers))
    even = ceil(len(by_length) / max(1, rounds * workers))
    most = min(max_texts, max(_FEWEST, even))
    batches: list[list[int]] = []
    room = 0
    for index in by_length:
        size = len(texts[index])
        if not batches or len(batches[-1]) == most or size > room:
            batches.append([])
            room = max_chars
        batches[-1].append(index)
        room -= size
    return batches
