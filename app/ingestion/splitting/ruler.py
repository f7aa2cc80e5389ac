"""Measures spans of a text in the embedding model's tokens."""

from bisect import bisect_left
from itertools import accumulate
from unicodedata import combining

from app.ingestion.splitting.tokenizer import WORD, TokenCounter


class Ruler:
    """Tokens of any span of one text, from one pass over its words."""

    def __init__(self, text: str, tokenizer: TokenCounter) -> None:
        self._text = text
        self._tokenizer = tokenizer
        spans = [match.span() for match in WORD.finditer(text)]
        self._starts = [start for start, _ in spans]
        self._ends = [end for _, end in spans]
        self._sums = [0, *accumulate(tokenizer.count(WORD.findall(text)))]

    def tokens(self, start: int, end: int) -> int:
        """Tokens of `text[start:end]`; a word cut in two counts by the bound of its characters."""
        first, last = bisect_left(self._starts, start), bisect_left(self._ends, end + 1)
        if first and self._ends[first - 1] > start:
            cut_end = min(self._ends[first - 1], end)
            return self._letters(start, cut_end) + (self.tokens(cut_end, end) if cut_end < end else 0)
        whole = self._sums[last] - self._sums[first] if last > first else 0
        if last < len(self._starts) and self._starts[last] < end:
            return whole + self._letters(self._starts[last], end)
        return whole

    def furthest(self, start: int, end: int, budget: int) -> int:
        """The furthest end of a span from `start` within `budget`: after a word, else within one."""
        first = bisect_left(self._ends, start + 1)
        last = first
        while last < len(self._ends) and self._ends[last] <= end and self.tokens(start, self._ends[last]) <= budget:
            last += 1
        if last > first:
            return self._ends[last - 1]
        position = max(start, self._starts[first])
        used = 0
        while position < end and (used := used + self._tokenizer.at_most(self._text[position])) <= budget:
            position += 1
        whole = position
        while position > start + 1 and combining(self._text[position]):
            position -= 1
        return position if position > start + 1 else max(whole, start + 1)

    def _letters(self, start: int, end: int) -> int:
        return sum(map(self._tokenizer.at_most, self._text[start:end]))
