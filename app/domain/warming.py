"""Warming the cache: the questions asked ahead of need, and the progress of asking them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.domain.answers import DEFAULT_MAX_TOKENS, AnswerStyle
from app.domain.retrieval import SearchMode

# Whether results of searches are warmed, or answers, which are made from such.
WarmedNamespace = Literal["retrieval", "answer"]


@dataclass(frozen=True, slots=True)
class WarmQuestion:
    """A question as its asker put it. `mode` is of searches, from `model` on it is of answers.

    `given` are fields of an `AnswerRequest` that the collection's settings do not replace.
    """

    tenant: str
    collection: str
    namespace: WarmedNamespace
    text: str
    top_k: int = 5
    filter: Mapping[str, Any] = field(default_factory=dict)
    mode: SearchMode = SearchMode.HYBRID
    model: str | None = None
    answer_mode: str = ""
    temperature: float = 0.0
    max_tokens: int = DEFAULT_MAX_TOKENS
    style: AnswerStyle = field(default_factory=AnswerStyle)
    thinking: bool = False
    given: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WarmFailure:
    """A question that could not be answered, and why."""

    query: str
    detail: str


@dataclass(frozen=True, slots=True)
class WarmStep:
    """After `done` of `total` questions: some tier `held` so many already, so many were computed, and failed."""

    done: int
    total: int
    held: int
    computed: int
    failed: int


@dataclass(frozen=True, slots=True)
class Warmed:
    """The end of it."""

    total: int
    held: int
    computed: int
    failures: tuple[WarmFailure, ...]
    seconds: float
