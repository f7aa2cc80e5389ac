"""Evaluations: a user's own questions with what is expected, asked under one or more settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID


class EvaluationState(StrEnum):
    """INTERRUPTED: the process that ran it has not been heard of for minutes; its outcomes stay."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class ExpectedAnswer:
    """A question with what is expected.

    Attributes:
        question: as a user would ask it.
        documents: ids or filenames, one of which is to be found.
        answers: phrases, one of which an answer is to hold. Without any, passages are searched for and nothing is
            answered.
        answerable: False if the documents do not answer, which an answer is to say.
    """

    question: str
    documents: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    answerable: bool = True

    @property
    def needs_an_answer(self) -> bool:
        return bool(self.answers) or not self.answerable


@dataclass(frozen=True, slots=True)
class EvaluationVariant:
    """Settings to ask under, in place of the collection's."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An evaluation and its progress. Each question is asked once for each variant."""

    id: UUID
    name: str
    collection: str
    state: EvaluationState
    questions: Sequence[ExpectedAnswer]
    variants: Sequence[EvaluationVariant]
    done: int
    error: str | None
    corpus_version: int
    created_at: datetime
    updated_at: datetime

    @property
    def total(self) -> int:
        return len(self.questions) * len(self.variants)


@dataclass(frozen=True, slots=True)
class QuestionOutcome:
    """How one question fared under one variant. What was not expected of it is None.

    Attributes:
        question: its number, from 0.
        variant: the variant's name.
        place: of the first expected document among the passages, from 1; None if none is there.
        found: whether one is there.
        right: whether the answer holds an expected phrase.
        cited: whether the answer cites an expected document.
        refused: whether the answer says that the documents do not tell.
        answer: the answer's text.
        error: why there is no outcome.
        milliseconds: until the passages or the whole answer were there.
    """

    question: int
    variant: str
    milliseconds: float
    place: int | None = None
    found: bool | None = None
    right: bool | None = None
    cited: bool | None = None
    refused: bool | None = None
    answer: str = ""
    error: str | None = None

    @property
    def found_first(self) -> bool | None:
        return None if self.found is None else self.place == 1
