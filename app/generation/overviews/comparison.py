"""How two documents differ, in their own sentences."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.documents import Chunk
from app.generation.overviews.summaries import central
from app.generation.sentences import Sentence, sentences_of
from app.generation.terms import terms

# The share of terms that two wordings of one thing have in common at least.
_ALIKE = 0.5
_LEAST_TERMS = 3


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence of a document."""

    chunk: Chunk
    sentence: Sentence

    @property
    def text(self) -> str:
        return self.sentence.of(self.chunk.text)


@dataclass(frozen=True, slots=True)
class Differences:
    """
    Attributes:
        shared: sentences that stand in both documents.
        reworded: pairs that tell the same thing in other words, or with other figures, in the first one's order.
        first, second: sentences that only the first or the second document has, the most telling ones.
    """

    shared: int
    reworded: tuple[tuple[Said, Said], ...]
    first: tuple[Said, ...]
    second: tuple[Said, ...]


def differences(first: Sequence[Chunk], second: Sequence[Chunk], most: int) -> Differences:
    """Compare two documents; at most `most` pairs, and as many sentences of each."""
    ones, others = _distinct(first), _distinct(second)
    shared = ones.keys() & others.keys()
    left = [said for wording, said in ones.items() if wording not in shared]
    right = [said for wording, said in others.items() if wording not in shared]
    pairs = _pairs(left, right)
    paired = {id(said) for pair in pairs for said in pair}
    return Differences(
        shared=len(shared),
        reworded=tuple(pairs[:most]),
        first=_telling([said for said in left if id(said) not in paired], most),
        second=_telling([said for said in right if id(said) not in paired], most),
    )


def _distinct(chunks: Sequence[Chunk]) -> dict[str, Said]:
    """Sentences by their wording; the first of several that are alike."""
    found: dict[str, Said] = {}
    for chunk in chunks:
        for sentence in sentences_of(chunk.text):
            said = Said(chunk, sentence)
            words = terms(said.text)
            if len(words) >= _LEAST_TERMS:
                found.setdefault(" ".join(words), said)
    return found


def _pairs(left: Sequence[Said], right: Sequence[Said]) -> list[tuple[Said, Said]]:
    """Sentences that are alike, each paired once, the most alike first chosen."""
    bags = [frozenset(terms(said.text)) for said in right]
    holders: dict[str, list[int]] = {}
    for place, bag in enumerate(bags):
        for term in bag:
            holders.setdefault(term, []).append(place)
    alike: list[tuple[float, int, int]] = []
    for at, said in enumerate(left):
        bag = frozenset(terms(said.text))
        # A term that many sentences hold tells little, and would make this quadratic.
        rare = sorted(bag, key=lambda term: (len(holders.get(term, ())), term))[: len(bag) // 2 + 1]
        for place in {place for term in rare for place in holders.get(term, ())}:
            share = len(bag & bags[place]) / len(bag | bags[place])
            if share >= _ALIKE:
                alike.append((-share, at, place))
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    for _, at, place in sorted(alike):
        if at not in chosen and place not in taken:
            chosen[at] = place
            taken.add(place)
    return [(left[at], right[place]) for at, place in sorted(chosen.items())]


def _telling(said: Sequence[Said], most: int) -> tuple[Said, ...]:
    """The sentences that share most with the others, in the document's order."""
    best = central([(one.chunk, one.sentence) for one in said])[:most]
    return tuple(said[at] for at in sorted(best))
