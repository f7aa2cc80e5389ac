"""A question with everything that shapes its answer, and the events of the answer."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.domain.experiments import Enrolment
from app.domain.retrieval import ScoredChunk

DEFAULT_MAX_TOKENS = 512
# Lengths of an answer, beside the normal one.
BRIEF, DETAILED = "brief", "detailed"
# The finish reason of an answer that found nothing to rest on.
NO_CONTEXT = "no_context"
# That of an answer whose passages are about the subject, but most likely do not answer.
NEAR_MISS = "near_miss"

# How an answer is made: by a chat model, or of sentences of the passages, word for word. `AUTO` is the former if
# the model is worth asking.
GENERATE = "generate"
QUOTE = "quote"
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Start:
    """The first event of every answer. `cache` says where the answer comes from.

    `searched_for`: what a follow-up question was rewritten to; None: the question itself was searched for.
    """

    query_id: UUID
    trace_id: str
    model: str
    cache: Mapping[str, Any]
    conversation_id: UUID | None = None
    searched_for: str | None = None


@dataclass(frozen=True, slots=True)
class SearchedFor:
    """What a follow-up question was rewritten to. It is told in `Start`, and is no event of its own for clients."""

    text: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What the model's context had no room for.

    `passages` and `history` count sources and earlier messages that were left out; `passages_cut` counts sources
    that were shortened to the part that speaks of the question, their `quote`; `history_summarised` counts earlier
    messages of which the model was shown a summary.
    """

    passages: int = 0
    passages_cut: int = 0
    history: int = 0
    history_summarised: int = 0


@dataclass(frozen=True, slots=True)
class Status:
    """A stage ended after `elapsed_ms`. `left_out` comes with the stage `prompt`, if anything was."""

    stage: str
    elapsed_ms: float
    left_out: LeftOut | None = None


@dataclass(frozen=True, slots=True)
class AnswerProgress:
    """`done` of `total` steps of a stage are made. `eta_seconds`: what is left will take; None: not known yet."""

    stage: str
    done: int
    total: int
    eta_seconds: float | None


@dataclass(frozen=True, slots=True)
class Source:
    """A passage offered to the model under the number `citation`, counted from 1. `quote` is what it was shown."""

    citation: int
    chunk_id: int
    document_id: UUID
    filename: str
    page: int | None
    section: str | None
    score: float
    quote: str
    document_date: str | None = None
    unread: str | None = None

    @classmethod
    def of(cls, citation: int, passage: ScoredChunk, quote: str | None = None) -> "Source":
        """A passage under its number. `quote` is the part of it that is shown, the whole unless given."""
        return cls(
            citation=citation,
            chunk_id=passage.chunk_id,
            document_id=passage.document_id,
            filename=passage.filename,
            page=passage.page,
            section=passage.section,
            score=passage.score,
            quote=passage.text if quote is None else quote,
            document_date=passage.document_date,
            unread=passage.unread,
        )


@dataclass(frozen=True, slots=True)
class Sources:
    items: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Highlight:
    """A sentence of source `citation` that holds the answer: characters `start` to `end` of its chunk's text.

    `text` is how it reads: wrapped lines are joined, and a list item or table row has no mark. `score` compares the
    highlights of one answer.
    """

    citation: int
    chunk_id: int
    start: int
    end: int
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Highlights:
    items: tuple[Highlight, ...]


@dataclass(frozen=True, slots=True)
class Delta:
    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """A piece of a reasoning model's thoughts. It is no part of the answer, and nothing stores it."""

    text: str


@dataclass(frozen=True, slots=True)
class Citation:
    """The first `offset` characters of the answer end in `[citation]`, a reference to that source."""

    citation: int
    chunk_id: int
    offset: int


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the model counted them; times from the beginning of the question."""

    input_tokens: int
    output_tokens: int
    ttft_ms: float
    total_ms: float
    left_out: LeftOut | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """The answer is complete. `finish_reason` is "stop", "length", `NO_CONTEXT` or `NEAR_MISS`."""

    finish_reason: str
    citations_used: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """The stream ended in an error. `problem` is an RFC 9457 object."""

    problem: Mapping[str, Any]
    retryable: bool


Event = (
    Start
    | SearchedFor
    | Status
    | AnswerProgress
    | Sources
    | Highlights
    | Thinking
    | Delta
    | Citation
    | Usage
    | Done
    | Failed
)

EVENT_NAMES: Mapping[type[Event], str] = {
    Start: "start",
    SearchedFor: "searched_for",
    Status: "status",
    AnswerProgress: "progress",
    Sources: "sources",
    Highlights: "highlights",
    Thinking: "thinking",
    Delta: "delta",
    Citation: "citation",
    Usage: "usage",
    Done: "done",
    Failed: "error",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A turn of a conversation. `role` is "system", "user" or "assistant"."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class AnswerStyle:
    """What a collection or a question wants of the way a model writes; empty: nothing.

    Attributes:
        length: brief, normal or detailed. A brief quote is one sentence.
        language: of the answer; by default that of the question.
        tone: for example "formal".
        instruction: added to the service's own.
        order: of the passages in the prompt: best_first, best_last or as_written; by default as suits the model.
    """

    length: str = ""
    language: str = ""
    tone: str = ""
    instruction: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """A question with everything that shapes its answer and the way it is given.

    Attributes:
        history: earlier turns, the oldest first. With `conversation_id`, that conversation's turns replace them.
        replaces: the query id of the exchange of the conversation whose place this one takes, with those after it.
            An empty question means that exchange's.
        model: the chat model; empty means the default one.
        mode: how the answer is made; empty means as the collection or the service has it.
        style: how a model writes; what is empty is as the collection has it.
        thinking: a reasoning model may think before it answers.
        max_context: the most tokens of context that the model is loaded with; None: as the service has it.
        given: names of the fields that the asker chose; the collection's settings replace the others.
        retrieval: replaces some of the collection's settings of that name.
        cache: use, bypass, refresh, only-if-cached or warm.
        semantic: the answer to another question that means the same may be given.
        remember: the question and its answer are stored, in `conversation_id` or in a new conversation.
        background: nobody waits for the answer, so the model serves interactive requests first.
        enrolment: the variant of an experiment that shaped this request.
        asked_at: when the question came, in seconds of `time.perf_counter`. All times of an answer count from it.
    """

    tenant: str
    collection: str
    question: str
    history: tuple[Message, ...] = ()
    conversation_id: UUID | None = None
    replaces: UUID | None = None
    top_k: int = 5
    model: str = ""
    mode: str = ""
    style: AnswerStyle = AnswerStyle()
    temperature: float = 0.0
    max_tokens: int = DEFAULT_MAX_TOKENS
    thinking: bool = False
    max_context: int | None = None
    given: frozenset[str] = frozenset()
    filter: Mapping[str, Any] = field(default_factory=dict)
    retrieval: Mapping[str, Any] = field(default_factory=dict)
    cache: str = "use"
    semantic: bool = True
    remember: bool = True
    background: bool = False
    enrolment: Enrolment | None = None
    asked_at: float = field(default_factory=time.perf_counter, compare=False)
