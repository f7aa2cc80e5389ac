"""Stand-ins for what the answer service talks to."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from app.cache.entry import CacheControl
from app.domain.answers import GENERATE, AnswerRequest, Message, Source
from app.domain.conversations import Exchange
from app.domain.direct import ToolCall
from app.domain.documents import Chunk as DocumentChunk
from app.domain.retrieval import ArmResult, Candidate, Query, Retrieval, ScoredChunk
from app.errors import InputTooLong, LocalChatError, NotFound
from app.generation.gate import AnswerGate
from app.generation.prompting.prompt import PromptBuilder
from app.ollama.client import OllamaClient
from app.services.answering.model_facts import ContextWindows
from app.services.answering.pipeline import AnswerPipeline, Search
from app.services.answering.rewriting import FollowUpRewriter
from app.services.answering.writer import ModelWriter, Surroundings
from app.services.evidence.quoting import Quoter
from app.services.evidence.ranking import PassageRanker

DOCUMENT = UUID(int=1)
PARIS = "Paris is the capital and the largest city of France. It lies on the Seine."
ROME = "Rome is the capital of Italy. The Tiber runs through it, past the Vatican."


def chunk(number: int, text: str, *, filename: str = "cities.md") -> ScoredChunk:
    return ScoredChunk(
        chunk_id=number,
        document_id=DOCUMENT,
        filename=filename,
        page=number,
        section=None,
        text=text,
        score=1 / number,
        scores={},
    )


def source(citation: int, quote: str) -> Source:
    return Source(
        citation=citation,
        chunk_id=100 + citation,
        document_id=DOCUMENT,
        filename="cities.md",
        page=None,
        section=None,
        score=1.0,
        quote=quote,
    )


def retrieval(*texts: str, cosine: float | None = 0.7) -> Retrieval:
    results = tuple(chunk(number, text) for number, text in enumerate(texts, 1))
    candidates = tuple(Candidate(item.chunk_id, str(item.document_id), cosine or 0.0) for item in results)
    return Retrieval(
        results=results,
        vector=None if cosine is None else ArmResult(candidates, exhausted=True),
        lexical=None,
        query_vector=None,
        lexemes=(),
        corpus_version=1,
        timings_ms={},
    )


def generated_by(model: str) -> Callable[[AnswerRequest], Awaitable[AnswerRequest]]:
    """Completes requests as a service does whose one chat model is worth asking."""

    async def complete(request: AnswerRequest) -> AnswerRequest:
        return replace(request, model=request.model or model, mode=request.mode or GENERATE)

    return complete


@dataclass(frozen=True)
class FakeScores:
    """A reranker that gives each text the logit that `of` has for it; None for one: none at all."""

    of: Callable[[str], float | None]

    async def score(self, _question: str, texts: Sequence[str]) -> list[float] | None:
        scores = [self.of(text) for text in texts]
        found = [score for score in scores if score is not None]
        return found if len(found) == len(scores) else None


@dataclass
class FakeSurroundings:
    """`held` by the id of a passage's chunk; nothing stands around most passages."""

    held: dict[int, tuple[DocumentChunk, ...]] = field(default_factory=dict)

    async def around(self, passages: Sequence[ScoredChunk]) -> Mapping[int, Sequence[DocumentChunk]]:
        return {passage.chunk_id: self.held.get(passage.chunk_id, ()) for passage in passages}


@dataclass
class FakeSearch:
    found: Retrieval | LocalChatError
    queries: list[Query] = field(default_factory=list)

    async def search(self, query: Query, control: CacheControl = CacheControl.USE) -> Retrieval:
        self.queries.append(query)
        if isinstance(self.found, LocalChatError):
            raise self.found
        return self.found


@dataclass(frozen=True)
class Chunk:
    text: str
    done: bool = False
    done_reason: str | None = None
    prompt_eval_count: int = 0
    eval_count: int = 0
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True)
class Facts:
    context_length: int | None
    digest: str = "sha256:1"
    thinking_tokens: int = 0


@dataclass
class FakeModels:
    """Says `reply` piece by piece, or what `says` makes of a prompt, then raises `failure` if there is one."""

    reply: Sequence[str] = ("Paris is the capital of France.",)
    says: Callable[[Sequence[Mapping[str, str]]], Sequence[str]] | None = None
    failure: LocalChatError | None = None
    context_length: int | None = 8192
    prompt_tokens: int = 50
    shown: int = 0
    calls: list[dict[str, object]] = field(default_factory=list)
    sent: list[Sequence[Mapping[str, Any]]] = field(default_factory=list)
    tool_calls: tuple[ToolCall, ...] = ()
    closed: int = 0
    hung: bool = False
    thoughts: Sequence[str] = ()
    too_long: int = 0  # requests that are refused for their length

    async def show(self, model: str) -> Facts:
        self.shown += 1
        if self.hung:
            await asyncio.Event().wait()
        return Facts(self.context_length)

    async def chat(self, messages: Sequence[Mapping[str, Any]], **options: object) -> AsyncGenerator[Chunk, None]:
        self.sent.append(messages)
        self.calls.append(options)
        if self.too_long and not options.get("truncate"):
            self.too_long -= 1
            raise InputTooLong("A text is longer than the context.")
        try:
            for thought in self.thoughts:
                yield Chunk("", thinking=thought)
            for piece in self.reply if self.says is None else self.says(messages):
                yield Chunk(piece)
            if self.tool_calls:
                yield Chunk("", tool_calls=self.tool_calls)
            if self.failure is not None:
                raise self.failure
            yield Chunk("", True, "stop", self.prompt_tokens, len(self.reply))
        finally:
            self.closed += 1


@dataclass
class FakeConversations:
    """Conversations in memory, each its exchanges."""

    stored: dict[UUID, list[Exchange]] = field(default_factory=dict)
    failure: LocalChatError | None = None
    hung: bool = False

    async def recall(self, tenant: str, conversation_id: UUID, replaces: UUID | None = None) -> tuple[Message, ...]:
        if conversation_id not in self.stored:
            raise NotFound("There is no such conversation.")
        said: list[Message] = []
        for exchange in self.stored[conversation_id]:
            said.append(Message("user", exchange.question))
            if exchange.query_id == replaces:
                break
            said.append(Message("assistant", exchange.answer))
        return tuple(said)

    async def begin(self, tenant: str, conversation_id: UUID, collection: str, exchange: Exchange) -> None:
        if self.failure is not None:
            raise self.failure
        if self.hung:
            await asyncio.Event().wait()
        self.stored[conversation_id] = [exchange]

    async def append(
        self, tenant: str, conversation_id: UUID, collection: str, exchange: Exchange, replaces: UUID | None = None
    ) -> None:
        if self.failure is not None:
            raise self.failure
        stored = self.stored[conversation_id]
        kept = [one.query_id for one in stored].index(replaces) if replaces else len(stored)
        self.stored[conversation_id] = [*stored[:kept], exchange]


def answer_pipeline(
    search: Search,
    models: FakeModels | OllamaClient,
    *,
    surroundings: Surroundings | None = None,
    scores: Callable[[str], float | None] | None = None,
    reranker: str = "",
    longest: int = 4096,
) -> AnswerPipeline:
    """A pipeline as the service builds it. `scores`: what a reranker gives each text; None: there is none."""
    writer = ModelWriter(
        models,
        prompts=PromptBuilder(),
        contexts=ContextWindows(models, longest=longest),
        surroundings=surroundings or FakeSurroundings(),
    )
    ranker = PassageRanker(FakeScores(scores) if scores else None, reranker)
    return AnswerPipeline(
        search,
        writer,
        rewriter=FollowUpRewriter(),
        ranker=ranker,
        quoter=Quoter(ranker),
        gate=AnswerGate(reranker),
    )
