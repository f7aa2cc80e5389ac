"""How a question fared: whether what was expected of it came."""

import re
import unicodedata
from collections.abc import Sequence

from app.domain.answers import NO_CONTEXT, Source
from app.domain.evaluation.evaluations import ExpectedAnswer, QuestionOutcome
from app.domain.retrieval import ScoredChunk
from app.services.answering.answer import Answer

# Of an expected phrase of more words than `_SHORT`, this share of the words suffices: nobody repeats a sentence.
_SHORT = 6
_ENOUGH = 0.6
_WORD = re.compile(r"\w+")
_CITATION = re.compile(r"\[\d+\]")
_SHOWN = 1000


def of_passages(
    expected: ExpectedAnswer, number: int, variant: str, passages: Sequence[ScoredChunk], milliseconds: float
) -> QuestionOutcome:
    """Judge the passages that were found, best first."""
    place = _place(expected, [(str(each.document_id), each.filename) for each in passages])
    found = place is not None if expected.documents else None
    return QuestionOutcome(number, variant, milliseconds, place, found)


def of_answer(
    expected: ExpectedAnswer, number: int, variant: str, answer: Answer, milliseconds: float
) -> QuestionOutcome:
    """Judge an answer and the sources that it had, best first."""
    if answer.done is None:
        problem = answer.failed.problem if answer.failed else {}
        error = str(problem.get("detail") or problem.get("title") or "The answer broke off.")
        return missed(expected, number, variant, error, milliseconds)
    named = [(str(each.document_id), each.filename) for each in answer.sources]
    place = _place(expected, named) if expected.documents else None
    cited = _cited(answer.sources, answer.done.citations_used)
    return QuestionOutcome(
        question=number,
        variant=variant,
        milliseconds=milliseconds,
        place=place,
        found=place is not None if expected.documents else None,
        right=any(holds(answer.text, phrase) for phrase in expected.answers) if expected.answers else None,
        cited=_place(expected, cited) is not None if expected.documents else None,
        refused=answer.done.finish_reason == NO_CONTEXT,
        answer=answer.text[:_SHOWN],
    )


def missed(expected: ExpectedAnswer, number: int, variant: str, error: str, milliseconds: float) -> QuestionOutcome:
    """The outcome of a question that ended in an error: nothing that was expected came."""
    wanted = False if expected.documents else None
    return QuestionOutcome(
        question=number,
        variant=variant,
        milliseconds=milliseconds,
        found=wanted,
        right=False if expected.answers else None,
        cited=wanted if expected.needs_an_answer else None,
        refused=False if expected.needs_an_answer else None,
        error=error,
    )


def holds(text: str, phrase: str) -> bool:
    """Whether a text holds a phrase: its words in their order, or enough of them if it is long."""
    said, wanted = _words(_CITATION.sub("", text)), _words(phrase)
    if not wanted:
        return False
    if f" {' '.join(wanted)} " in f" {' '.join(said)} ":
        return True
    known = set(said)
    return len(wanted) > _SHORT and sum(word in known for word in wanted) >= _ENOUGH * len(wanted)


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def _place(expected: ExpectedAnswer, named: Sequence[tuple[str, str]]) -> int | None:
    wanted = set(expected.documents)
    return next((place for place, names in enumerate(named, 1) if not wanted.isdisjoint(names)), None)


def _cited(sources: Sequence[Source], used: Sequence[int]) -> list[tuple[str, str]]:
    return [(str(each.document_id), each.filename) for each in sources if each.citation in used]
