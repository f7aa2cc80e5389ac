"""Answers without a writer: one to three sentences of the passages, word for word, each with its place."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.generation.sentences import Kind, Sentence, sentences_of
from app.generation.terms import is_unspaced, terms

# Passages whose sentences are looked at, and sentences that a cross-encoder is asked about. On 500 questions of
# SQuAD the two best sentences hold the answer for .910 with three and eight, and for .914 with ten and all.
PASSAGES = 5
CANDIDATES = 12
# What a passage's logit counts beside that of its sentence.
_RELEVANCE_WEIGHT = 0.6
# A quote may fall short of the best one by so many logits; a third one, which few questions need, by less.
_BEHIND = 8.0
_FEW = 2
_FAR_BEHIND = 4.0
# Without scores, what a sentence's terms must be worth of the best one's.
_UNSCORED_SHARE = 0.7
# What a passage's own score says of its sentences before these are scored, beside a term that only one holds.
_PASSAGE_WEIGHT = 0.1
_PREDECESSOR_WEIGHT = 0.3
# A sentence that points at the one before it cannot be read without it.
_WORD = re.compile(r"\w+")
_ASKS = re.compile(r"[?？]")  # noqa: RUF001 - full-width on purpose
# Words that a question has at least, and a topic at most; in scripts without spaces, pairs of characters.
_QUESTION_WORDS = 3
_TOPIC_WORDS = 4
_POINTS_BACK = re.compile(
    r"(?:it|its|they|their|them|this|that|these|those|he|she|his|her|such|both|then|there|however|but|so|also|instead"
    r"|er|sie|es|dies\w*|dabei|dadurch|damit|aber|il|elle|ils|elles|cela|ceci|ello|esto|esta|esso|isso)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class QuotablePassage:
    """What may be quoted. `number` is its citation, `relevance` the logit of a cross-encoder, if there is one."""

    number: int
    text: str
    section: str | None = None
    relevance: float = 0.0


@dataclass(frozen=True, slots=True)
class SentenceCandidate:
    """A sentence that may answer. `shown` is what a cross-encoder reads, `weight` what its terms are worth."""

    passage: int
    place: int
    sentence: Sentence
    shown: str
    weight: float


@dataclass(frozen=True, slots=True)
class Quote:
    """A run of whole sentences: `text` is passage.text[start:end], with wrapped lines joined."""

    number: int
    start: int
    end: int
    text: str
    kind: Kind
    score: float


class QuoteChooser:
    """Chooses what to quote for one question.

    Args:
        question: as it was searched for.
        passages: best first.
    """

    def __init__(self, question: str, passages: Sequence[QuotablePassage]) -> None:
        self._passages = passages[:PASSAGES]
        self._sentences = [sentences_of(passage.text) for passage in self._passages]
        self._question = question
        self._wanted = frozenset(terms(question))
        self.candidates = self._candidates()

    def choose(self, scores: Sequence[float] | None, most: int) -> list[Quote]:
        """The best quotes in the order in which they are read; no more than `most` sentences.

        Args:
            scores: a cross-encoder's logits of the candidates; None: terms alone decide.
            most: sentences.
        """
        if scores is None:
            enough = _UNSCORED_SHARE * max((one.weight for one in self.candidates), default=0.0)
            ranked = [(one.weight, one) for one in self.candidates if one.weight >= enough]
        else:
            ranked = [
                (score + _RELEVANCE_WEIGHT * self._passages[one.passage].relevance, one)
                for score, one in zip(scores, self.candidates, strict=True)
            ]
        ranked.sort(key=lambda item: (-item[0], item[1].passage, item[1].place))
        chosen: dict[tuple[int, int], float] = {}
        said: set[str] = set()
        for score, one in ranked:
            wording = " ".join(terms(one.sentence.of(self._passages[one.passage].text)))
            behind = ranked[0][0] - score
            room = most - len(chosen)
            if room <= 0 or behind > (_BEHIND if len(chosen) < _FEW else _FAR_BEHIND):
                break
            if wording not in said:
                said.add(wording)
                chosen[one.passage, one.place] = score
        for score, one in ranked:
            before = self._needed_before(one) if (one.passage, one.place) in chosen else None
            if before is not None and len(chosen) < most:
                chosen.setdefault((one.passage, before), score)
        return self._joined(chosen)

    def _candidates(self) -> list[SentenceCandidate]:
        held = {
            (passage, place): self._wanted.intersection(terms(sentence.of(self._passages[passage].text)))
            for passage, sentences in enumerate(self._sentences)
            for place, sentence in enumerate(sentences)
        }
        spread = Counter(term for found in held.values() for term in found)

        def worth(passage: int, place: int) -> float:
            return sum(1 / spread[term] for term in sorted(held.get((passage, place), ())))

        found = [
            SentenceCandidate(
                passage,
                place,
                sentence,
                self._shown(passage, place),
                worth(passage, place)
                + _PREDECESSOR_WEIGHT * worth(passage, place - 1)
                + _PASSAGE_WEIGHT * self._passages[passage].relevance,
            )
            for passage, sentences in enumerate(self._sentences)
            for place, sentence in enumerate(sentences)
            if sentence.kind is not Kind.TITLE
        ]
        telling = (one for one in found if not echoes(self._question, self._led(one.passage, one.place)))
        best = sorted(telling, key=lambda one: (-one.weight, one.passage, one.place))
        return best[:CANDIDATES]

    def _shown(self, passage: int, place: int) -> str:
        """The sentence under its headings, without which few sentences of a manual tell what they speak of."""
        return f"{self._passages[passage].section or ''}\n{self._led(passage, place)}".strip()

    def _led(self, passage: int, place: int) -> str:
        """The sentence; code and rows under the words that lead to them."""
        text = self._passages[passage].text
        sentence = self._sentences[passage][place]
        if sentence.kind in (Kind.PROSE, Kind.ITEM):
            return sentence.of(text)
        before = reversed(self._sentences[passage][:place])
        lead = next((one.of(text) for one in before if one.kind is Kind.PROSE), "")
        return f"{lead}\n{sentence.of(text)}".strip()

    def _needed_before(self, one: SentenceCandidate) -> int | None:
        """The sentence that this one cannot be read without."""
        sentences = self._sentences[one.passage]
        if not one.place:
            return None
        before, text = sentences[one.place - 1], self._passages[one.passage].text
        leads = one.sentence.kind is Kind.CODE and before.kind in (Kind.PROSE, Kind.ITEM)
        points = one.sentence.kind is Kind.PROSE and _POINTS_BACK.match(one.sentence.of(text))
        return one.place - 1 if before.kind is not Kind.TITLE and (leads or points) else None

    def _joined(self, chosen: dict[tuple[int, int], float]) -> list[Quote]:
        """Passages by their best sentence; in each, sentences in their order, neighbours as one quote."""
        best: dict[int, float] = {}
        for (passage, _), score in chosen.items():
            best[passage] = max(score, best.get(passage, score))
        quotes: list[Quote] = []
        for passage in sorted(best, key=lambda passage: (-best[passage], passage)):
            places = sorted(place for which, place in chosen if which == passage)
            run = [places[0]]
            for before, place in pairwise([*places, -1]):
                if place == before + 1 and self._sentences[passage][place].kind is Kind.PROSE:
                    run.append(place)
                    continue
                quotes.append(self._quote(passage, run, max(chosen[passage, one] for one in run)))
                run = [place]
        return quotes

    def _quote(self, passage: int, run: Sequence[int], score: float) -> Quote:
        source = self._passages[passage]
        first, last = self._sentences[passage][run[0]], self._sentences[passage][run[-1]]
        whole = Sentence(first.start, last.end, first.kind)
        return Quote(source.number, whole.start, whole.end, whole.of(source.text), first.kind, score)


def echoes(question: str, text: str) -> bool:
    """Whether a text holds the question itself, as an example or a title does; that answers nothing.

    A few words are a topic, not a question: a text that answers may well hold them.
    """
    asked, said = (" ".join(_WORD.findall(each.lower())) for each in (question, text))
    told = len(terms(question)) if is_unspaced(question) else len(asked.split())
    return told >= (_QUESTION_WORDS if _ASKS.search(question) else _TOPIC_WORDS + 1) and asked in said


def written(text: str, kind: Kind) -> str:
    """A sentence as it stands in an answer: code in a fence, an item without its mark, a row without its frame."""
    match kind:
        case Kind.CODE:
            return f"```\n{text}\n```\n"
        case Kind.ITEM:
            return re.sub(r"^[-*+•▪◦–]\s+", "", text)  # noqa: RUF001 - as it is written
        case Kind.ROW:
            return text.strip().strip("|").strip()
        case _:
            return text
