"""Evaluations as clients see them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from app.api.schemas.common import AnswerMode, CollectionName, ModelName, RequestModel, Text, View, shown_as
from app.api.schemas.documents import RetrievalSettings
from app.api.schemas.experiments import Name, ShareView
from app.api.schemas.search import QueryText
from app.domain.evaluation.evaluations import (
    Evaluation,
    EvaluationState,
    EvaluationVariant,
    ExpectedAnswer,
    QuestionOutcome,
)
from app.domain.evaluation.scores import VariantScore
from app.domain.evaluation.shares import CONFIDENCE

_MOST_QUESTIONS = 500
_MOST_VARIANTS = 8

_Named = Annotated[Text, StringConstraints(min_length=1, max_length=1024)]
_Phrase = Annotated[Text, StringConstraints(min_length=1, max_length=2000)]


class EvaluationQuestion(RequestModel):
    """A question with what is expected. One that expects documents alone is searched for, and not answered."""

    question: QueryText
    documents: list[_Named] = Field(
        default_factory=list, max_length=20, description="Ids or filenames, one of which is to be found"
    )
    answers: list[_Phrase] = Field(
        default_factory=list,
        max_length=20,
        description="Phrases, one of which the answer is to hold; six in ten words of a long one suffice",
    )
    answerable: bool = Field(
        default=True, description="False: the documents do not answer, which the answer is to say"
    )

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if not (self.documents or self.answers) and self.answerable:
            raise ValueError("expect documents or answers, or say that it is not answerable")
        if (self.documents or self.answers) and not self.answerable:
            raise ValueError("a question that is not answerable expects no documents and no answers")
        return self

    def to_domain(self) -> ExpectedAnswer:
        return ExpectedAnswer(self.question, tuple(self.documents), tuple(self.answers), self.answerable)


class EvaluationSettings(RequestModel):
    """What takes the place of the collection's settings and of the defaults."""

    top_k: int | None = Field(default=None, ge=1, le=50)
    retrieval: RetrievalSettings | None = None
    model: ModelName | None = None
    mode: AnswerMode | None = None
    temperature: float | None = Field(default=None, ge=0, le=2, allow_inf_nan=False)
    max_tokens: int | None = Field(default=None, ge=1, le=32_768)


class EvaluationVariantIn(RequestModel):
    name: Name
    settings: EvaluationSettings = Field(default_factory=EvaluationSettings)

    def to_domain(self) -> EvaluationVariant:
        return EvaluationVariant(self.name, self.settings.model_dump(exclude_none=True))


class EvaluationStart(RequestModel):
    """Questions, and the variants under which each is asked. The others are compared with the first."""

    model_config = shown_as(
        {
            "name": "handbook, October",
            "collection": "handbooks",
            "questions": [
                {
                    "question": "How many days of leave are there?",
                    "documents": ["handbook.md"],
                    "answers": ["30 days"],
                },
                {"question": "Where is the car park?", "documents": ["site_plan.pdf"]},
                {"question": "Who won the cup in 1966?", "answerable": False},
            ],
            "variants": [
                {"name": "as-it-is"},
                {"name": "reranked", "settings": {"retrieval": {"reranker": "cross_encoder"}}},
            ],
        }
    )

    name: Annotated[Text, StringConstraints(max_length=200)] = ""
    collection: CollectionName = "default"
    questions: list[EvaluationQuestion] = Field(min_length=1, max_length=_MOST_QUESTIONS)
    variants: list[EvaluationVariantIn] = Field(
        default_factory=lambda: [EvaluationVariantIn(name="as-it-is")], min_length=1, max_length=_MOST_VARIANTS
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if len({variant.name for variant in self.variants}) < len(self.variants):
            raise ValueError("variants: two have the same name")
        return self


class EvaluationVariantView(View):
    name: str
    settings: EvaluationSettings


class EvaluationView(View):
    """An evaluation and its progress: `done` of `total`, which is questions times variants."""

    id: UUID
    name: str
    collection: str
    state: EvaluationState
    done: int
    total: int
    error: str | None
    corpus_version: int = Field(description="Of the collection when it began; documents may have changed meanwhile")
    variants: list[EvaluationVariantView]
    created_at: datetime
    updated_at: datetime


class VariantScoreView(View):
    """Shares of the questions that expect what is counted.

    `above_first` of a share is the interval of its difference from the first variant's on the same questions.
    """

    name: str
    found_first: ShareView = Field(description="An expected document has the best passage")
    found: ShareView = Field(description="An expected document is among the passages")
    right: ShareView = Field(description="The answer holds an expected phrase")
    cited: ShareView = Field(description="The answer cites an expected document")
    refused_rightly: ShareView = Field(description="No answer, of the questions that are not answerable")
    refused_wrongly: ShareView = Field(description="No answer, of the others that were answered")
    reciprocal_rank: float | None = Field(
        description="Mean of 1 over the place of the first expected document, 0 where there is none"
    )
    failed: int = Field(description="Questions that ended in an error; they count as missed")
    milliseconds: float | None = Field(description="The median until the passages or the whole answer were there")

    @classmethod
    def of(cls, score: VariantScore) -> Self:
        shares = {
            name: ShareView.beside(compared.share, compared.above_first) for name, compared in score.shares.items()
        }
        return cls(
            name=score.name,
            reciprocal_rank=score.reciprocal_rank,
            failed=score.failed,
            milliseconds=score.milliseconds,
            **shares,
        )


class QuestionOutcomeView(View):
    """How one question fared under one variant. What was not expected of it is null."""

    question: str
    variant: str
    place: int | None = Field(description="Of the first expected document among the passages, from 1")
    found: bool | None
    right: bool | None
    cited: bool | None
    refused: bool | None
    answer: str = Field(description="Its first 1,000 characters")
    error: str | None
    milliseconds: float


class EvaluationResults(EvaluationView):
    confidence: float = CONFIDENCE
    results: list[VariantScoreView]
    outcomes: list[QuestionOutcomeView]

    @classmethod
    def with_results(
        cls, evaluation: Evaluation, scores: Sequence[VariantScore], outcomes: Sequence[QuestionOutcome]
    ) -> Self:
        return cls(
            **EvaluationView.model_validate(evaluation).model_dump(),
            results=[VariantScoreView.of(score) for score in scores],
            outcomes=[_outcome(evaluation, each) for each in outcomes],
        )


def _outcome(evaluation: Evaluation, outcome: QuestionOutcome) -> QuestionOutcomeView:
    return QuestionOutcomeView(
        question=evaluation.questions[outcome.question].question,
        variant=outcome.variant,
        place=outcome.place,
        found=outcome.found,
        right=outcome.right,
        cited=outcome.cited,
        refused=outcome.refused,
        answer=outcome.answer,
        error=outcome.error,
        milliseconds=outcome.milliseconds,
    )
