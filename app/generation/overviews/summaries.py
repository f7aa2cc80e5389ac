"""A document in its own sentences: how it begins, and for each section the one that says most of the whole."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.documents import Chunk
from app.generation.sentences import Kind, Sentence, sentences_of
from app.generation.terms import terms

# Sentences that are compared with each other, which costs their number squared. Of more, so many evenly.
_MOST_COMPARED = 600
_DAMPING = 0.85
_ROUNDS = 30
_LEAST_TERMS = 5
# A sentence with so many links is a list of them.
_MOST_LINKS = 2
_LINK = re.compile(r"<[^>\s]+>")
_MOST_TERMS = 60
# The share of a sentence's terms that are no figures.
_LEAST_WORDS = 0.7
# Sentences of a document that none stands for.
_BEGINNING = 5
# A sentence that stands there more often is a header of pages.
_MOST_REPEATED = 2
_ENDS = re.compile(r"[.!?…。！？][\"'”’»)\]*_」』）]*\Z")  # noqa: RUF001 - as they are written


@dataclass(frozen=True, slots=True)
class KeySentence:
    """A sentence of a chunk, and the section that it speaks for; none for the document's beginning."""

    chunk: Chunk
    sentence: Sentence
    section: str | None

    @property
    def text(self) -> str:
        return self.sentence.of(self.chunk.text)


def key_sentences(chunks: Sequence[Chunk], most: int) -> list[KeySentence]:
    """The first sentence and the best of the sections that say most, in the document's order; `most` at most.

    Sentences are ranked by TextRank (Mihalcea and Tarau 2004): those that share many words with many others.
    """
    said = [(chunk, sentence) for chunk in chunks for sentence in sentences_of(chunk.text)]
    found = _telling(said)
    if not found:  # a table, a list of words: how it begins
        some = [one for one in said if terms(one[1].of(one[0].text))]
        return [KeySentence(*one, section=None) for one in some[: min(most, _BEGINNING)]]
    if len(found) > _MOST_COMPARED:
        found = [found[at * len(found) // _MOST_COMPARED] for at in range(_MOST_COMPARED)]
    ranks = _text_rank([frozenset(terms(sentence.of(chunk.text))) for chunk, sentence in found])
    best: dict[str, int] = {}
    worth: Counter[str] = Counter()
    for at, (chunk, _) in enumerate(found):
        section = _top(chunk.section)
        worth[section] += ranks[at]
        if at and (section not in best or ranks[at] > ranks[best[section]]):
            best[section] = at
    if len(best) == 1:  # a document without sections: its best sentences, wherever they are
        order = sorted(range(1, len(found)), key=lambda at: -ranks[at])
        places = sorted(order[: most - 1])
    else:
        chosen = sorted(best, key=lambda section: -worth[section])[: most - 1]
        places = sorted(best[section] for section in chosen)
    opening = KeySentence(*found[0], section=None)
    return [opening, *(KeySentence(*found[at], section=_last(found[at][0].section)) for at in places)]


def central(found: Sequence[tuple[Chunk, Sentence]]) -> list[int]:
    """The places of the sentences that share most with the others first; of very many, of some of them evenly."""
    places = list(range(len(found)))
    if len(places) > _MOST_COMPARED:
        places = [at * len(found) // _MOST_COMPARED for at in range(_MOST_COMPARED)]
    if not places:
        return []
    ranks = _text_rank([frozenset(terms(found[at][1].of(found[at][0].text))) for at in places])
    return [places[at] for at in sorted(range(len(places)), key=lambda at: -ranks[at])]


def _telling(said: Sequence[tuple[Chunk, Sentence]]) -> list[tuple[Chunk, Sentence]]:
    """The sentences that can stand for others: whole ones, unless there are none, and no running headers."""
    found = [(chunk, sentence) for chunk, sentence in said if _tells(chunk, sentence)]
    wordings = Counter(sentence.of(chunk.text) for chunk, sentence in found)
    found = [one for one in found if wordings[one[1].of(one[0].text)] <= _MOST_REPEATED] or found
    return [one for one in found if one[1].kind is Kind.ITEM or _is_whole(one[1].of(one[0].text))] or found


def _is_whole(text: str) -> bool:
    """Whether a sentence begins and ends as one: a page's end cuts some in halves."""
    return bool(_ENDS.search(text)) and not text[0].islower()


def _tells(chunk: Chunk, sentence: Sentence) -> bool:
    if sentence.kind not in (Kind.PROSE, Kind.ITEM):
        return False
    text = sentence.of(chunk.text)
    held = terms(text)
    words = sum(not term[0].isdigit() for term in held)
    readable = _LEAST_TERMS <= len(held) <= _MOST_TERMS and words >= _LEAST_WORDS * len(held)
    return readable and len(_LINK.findall(text)) < _MOST_LINKS and not text.endswith(":")


def _text_rank(bags: Sequence[frozenset[str]]) -> NDArray[np.float64]:
    """How central each sentence is, by the terms that it shares with others: a rank of mean 1."""
    count = len(bags)
    known = {term: place for place, term in enumerate(sorted(frozenset().union(*bags)))}
    held = np.zeros((count, len(known)), dtype=np.float64)
    for row, bag in enumerate(bags):
        held[row, [known[term] for term in bag]] = 1
    logs = np.array([math.log(len(bag) + 1) for bag in bags])
    weights = (held @ held.T) / (logs[:, None] + logs[None, :])
    np.fill_diagonal(weights, 0)
    out = weights.sum(axis=0)
    step = weights / np.where(out > 0, out, 1)
    ranks = np.ones(count)
    for _ in range(_ROUNDS):
        ranks = (1 - _DAMPING) + _DAMPING * (step @ ranks)
    return ranks


def _top(section: str | None) -> str:
    """The heading under the title, which is what outlines show."""
    parts = (section or "").split(" > ")
    return parts[1] if len(parts) > 1 else parts[0]


def _last(section: str | None) -> str | None:
    return _top(section) or None
