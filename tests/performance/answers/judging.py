"""Whether an answer is right, cites what it should, and says no more than its sources do."""

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from app.domain.answers import NO_CONTEXT, Source
from app.generation.sentences import sentences_of
from app.generation.support import Support
from app.generation.terms import terms
from app.services.answering.answer import Answer
from tests.performance.answers.questions import Question

# The share of an answer's words that a right one holds, where it is not a phrase of the passage.
_ENOUGH = 0.6
_MARK = re.compile(r"\s*\[\d+\]")


@dataclass(frozen=True, slots=True)
class Judged:
    """`unsupported`: the share of the answer's sentences that no source holds. Times in milliseconds."""

    right: bool
    cited: bool
    first: bool
    refused: bool
    near: bool
    unsupported: float
    first_word_ms: float
    whole_ms: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares of a set's questions, and the times of its middle and its slowest twentieth, in milliseconds."""

    questions: int
    right: float
    cited: float
    success1: float
    refused: float
    near_miss: float
    unsupported: float
    first_word_p50_ms: float
    whole_p50_ms: float
    whole_p95_ms: float


MEASURES = tuple(field.name for field in fields(Figures))


def judge(question: Question, answer: Answer, filenames: Mapping[int, str]) -> Judged:
    """`filenames`: the document of each citation's number."""
    said = _MARK.sub("", answer.text)
    cited = {filenames[citation.citation] for citation in answer.citations}
    reason = answer.done.finish_reason if answer.done else ""
    refused = reason == NO_CONTEXT
    return Judged(
        right=not refused and any(_holds(said, phrase, exact=question.exact) for phrase in question.answers),
        cited=bool(cited & question.documents),
        first=not refused and filenames.get(1) in question.documents,
        refused=refused,
        near=reason == "near_miss",
        unsupported=0.0 if refused else _unsupported(said, answer.sources, question.text),
        first_word_ms=(answer.first_token or 0.0) * 1000,
        whole_ms=answer.seconds * 1000,
    )


def figures(judged: Sequence[Judged]) -> Figures:
    whole = sorted(one.whole_ms for one in judged)
    return Figures(
        questions=len(judged),
        right=statistics.mean(one.right for one in judged),
        cited=statistics.mean(one.cited for one in judged),
        success1=statistics.mean(one.first for one in judged),
        refused=statistics.mean(one.refused for one in judged),
        near_miss=statistics.mean(one.near for one in judged),
        unsupported=statistics.mean(one.unsupported for one in judged),
        first_word_p50_ms=statistics.median(one.first_word_ms for one in judged),
        whole_p50_ms=statistics.median(whole),
        whole_p95_ms=whole[min(len(whole) - 1, int(0.95 * len(whole)))],
    )


def _holds(said: str, phrase: str, *, exact: bool) -> bool:
    if exact:
        return f" {_plain(phrase)} " in f" {_plain(said)} "
    wanted = set(terms(phrase))
    return bool(wanted) and len(wanted.intersection(terms(said))) >= _ENOUGH * len(wanted)


def _plain(text: str) -> str:
    """Words alone: quoting drops marks, and Markdown has some that nobody reads."""
    return " ".join(re.findall(r"\w+", text.lower()))


def _unsupported(said: str, sources: Sequence[Source], question: str) -> float:
    support = Support(sources, question)
    told = [sentence.of(said) for sentence in sentences_of(said)]
    told = [sentence for sentence in told if len(terms(sentence)) >= 3]
    return statistics.mean(support.of(sentence) is None for sentence in told) if told else 0.0
