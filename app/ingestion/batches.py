"""How texts are cut into batches."""

from collections.abc import Sequence


def cut(texts: Sequence[str], *, max_texts: int, max_chars: int) -> list[list[int]]:
    """Cut into batches of at most `max_texts` texts and `max_chars` characters, given as indexes into `texts`.

    Blank texts are in none. A text longer than `max_chars` is a batch of its own. Texts of similar length
    share a batch, so a server that pads wastes little; the longest come first, so the batches left at the
    end are short and the workers finish together.
    """
    by_length = sorted((index for index, text in enumerate(texts) if text.strip()), key=lambda i: -len(texts[i]))
    batches: list[list[int]] = []
    room = 0
    for index in by_length:
        size = len(texts[index])
        if not batches or len(batches[-1]) == max_texts or size > room:
            batches.append([])
            room = max_chars
        batches[-1].append(index)
        room -= size
    return batches
