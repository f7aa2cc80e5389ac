"""Answers through the cache: one generation for everyone who asks the same, replayed event by event afterwards."""

import hashlib
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, replace
from functools import partial
from typing import Any, Protocol

from app.cache.entry import CacheControl, CacheResult, Computed
from app.cache.keys import KeySpec, Partition, canonical_json
from app.cache.stream_cache import StreamCache
from app.domain.answers import (
    DEFAULT_MAX_TOKENS,
    QUOTE,
    AnswerRequest,
    Delta,
    Done,
    Event,
    Failed,
    SearchedFor,
    Start,
    Status,
    Thinking,
    Usage,
)
from app.domain.documents import Collection
from app.domain.event_codec import event_from_dict, event_to_dict
from app.domain.query_ids import new_query_id
from app.domain.retrieval import Retrieval
from app.errors import LocalChatError
from app.generation.prompting.prompt import PROMPT_VERSION
from app.services.answering.model_facts import ModelDigests
from app.services.answering.pipeline import UNSCORED, AnswerPipeline, begun, written_by
from app.services.answering.renewal import PromptChanged, RememberingWriter, StoredAnswer
from app.services.search.partitions import longest_use, partition_of
from app.services.search.serialization import evidence_of
from app.services.semantic.labels import rests_on, same_answers
from app.services.semantic.lookup import Matching, NoMatching, SemanticLookup


class Directory(Protocol):
    async def resolve(self, tenant: str, name: str) -> Collection: ...


class CachedAnswers:
    """The `answer` namespace of the cache, in front of an `AnswerPipeline`, whose method `answer` it has.

    Args:
        pipeline: makes the answers that the cache does not hold.
        streams: the cache of streams.
        directory: finds collections by name.
        digests: the weights of the chat models, which are part of each key.
        matching: finds answers to other questions that mean the same.
        reranker: the name of the one that orders passages, part of each key.
    """

    def __init__(
        self,
        pipeline: AnswerPipeline,
        streams: StreamCache[Event],
        directory: Directory,
        digests: ModelDigests,
        matching: Matching | None = None,
        reranker: str = "",
    ) -> None:
        self._pipeline = pipeline
        self._streams = streams
        self._reranker = reranker
        self._directory = directory
        self._digests = digests
        self._matching = matching or NoMatching()

    async def answer(self, request: AnswerRequest) -> AsyncGenerator[Event, None]:
        """Yield the events of an answer, found or made. Everyone who asks the same meanwhile shares it.

        Raises:
            NotCached: `request.cache` is only-if-cached, and no tier has the answer.
            LocalChatError: before the first event; a later error becomes the last event.
        """
        control = CacheControl(request.cache)
        found = await self._directory.resolve(request.tenant, request.collection)
        collection = found.searched_as(request.retrieval)
        partition = await self._partition(request, collection)
        statistics = str(collection.statistics or "")
        spec = KeySpec(partition, request.question, longest_use(collection.settings), statistics)
        lookup = self._lookup(spec, request, collection) if request.semantic else None
        learns = lookup if control is CacheControl.USE else None
        source = _Generation(self._pipeline, request, collection, self._matching, learns)
        nearby = None if lookup is None else partial(self._matching.find, lookup)
        opened = await self._streams.open(spec, source, control, nearby=nearby)
        if isinstance(opened, CacheResult):
            start, *events = _replayed(_replayed_start(opened, written_by(request)), source.replay(opened))
            yield start
            for event in events:
                yield event
            return
        status = "bypass" if control is CacheControl.BYPASS else "miss"
        cache = {"status": status, "tier": None, "key": spec.key.digest, "age_seconds": None}
        start = Start(new_query_id(spec.key.digest), "", written_by(request), cache)
        async with aclosing(opened), aclosing(begun(start, opened)) as made:
            async for event in made:
                yield event

    def _lookup(self, spec: KeySpec, request: AnswerRequest, collection: Collection) -> SemanticLookup:
        searching = replace(request, cache=CacheControl.USE)

        async def supports(cached: Any) -> bool:
            found = await self._pipeline.retrieve(searching)
            return rests_on(cached, [chunk.chunk_id for chunk in found.retrieval.results])

        return SemanticLookup(spec, collection, partial(self._again, searching), same_answers, supports)

    async def _again(self, request: AnswerRequest) -> dict[str, Any] | None:
        """Make an answer past the cache, in the background, to compare a served one with it; None if that fails."""
        try:
            async with aclosing(self._pipeline.answer(replace(request, background=True))) as made:
                _start, *events = [event async for event in made]
        except LocalChatError:
            return None
        return _value(events) if isinstance(events[-1], Done) else None

    async def _partition(self, request: AnswerRequest, collection: Collection) -> Partition:
        history = [(message.role, message.content) for message in request.history]
        return partition_of(
            collection,
            "answer",
            tenant=request.tenant,
            retrieval={"top_k": request.top_k},
            filters=request.filter,
            reranker=self._reranker,
            conversation=hashlib.sha256(canonical_json(history)).hexdigest() if history else "",
            prompt=PROMPT_VERSION,
            **await self._writing(request),
        )

    async def _writing(self, request: AnswerRequest) -> dict[str, Any]:
        """What of the key tells how an answer is written. Quotes do not depend on a chat model or its sampling."""
        quotes = request.mode == QUOTE
        return {
            "chat_model": written_by(request),
            "chat_model_digest": "" if quotes else await self._digests.of(request.model),
            "sampling": {
                "mode": request.mode,
                "style": {"length": request.style.length} if quotes else asdict(request.style),
                "reranker": self._reranker,
                "temperature": 0.0 if quotes else request.temperature,
                "max_tokens": DEFAULT_MAX_TOKENS if quotes else request.max_tokens,
                "thinking": request.thinking and not quotes,
                "max_context": None if quotes else request.max_context,
            },
        }


class _Generation:
    """A `StreamSource`: one answer being made, and the retrieval that it rests on.

    With `learns`, the answer is compared with the one that matching by meaning would have served.
    """

    def __init__(
        self,
        pipeline: AnswerPipeline,
        request: AnswerRequest,
        collection: Collection,
        matching: Matching,
        learns: SemanticLookup | None,
    ) -> None:
        self._pipeline = pipeline
        self._request = request
        self._collection = collection
        self._matching = matching
        self._learns = learns
        self._retrieval: Retrieval | None = None
        self._writer = RememberingWriter(pipeline.writer)

    async def produce(self) -> AsyncGenerator[Event, None]:
        found = await self._pipeline.retrieve(self._request)
        self._retrieval = found.retrieval
        return self._pipeline.generate(self._request, found, self._writer)

    async def renew(self, stored: Any) -> Computed[Any] | None:
        """Make the answer again with the words that a model wrote for the same prompt, or without a model."""
        quietly = replace(self._request, background=True)
        writer = RememberingWriter(self._pipeline.writer, StoredAnswer.of(stored))
        found = await self._pipeline.retrieve(quietly)
        try:
            async with aclosing(self._pipeline.generate(quietly, found, writer)) as made:
                events = [event async for event in made]
        except PromptChanged:
            return None
        computed = self._computed(found.retrieval, events, writer.digest)
        same = computed is not None and _text_of(computed.value) == _text_of(stored)
        return computed if same else None

    def conclude(self, events: Sequence[Event]) -> Computed[Any] | None:
        """Only a complete answer is cached, and only one that had what it needs."""
        if self._retrieval is None:
            return None
        computed = self._computed(self._retrieval, events, self._writer.digest)
        if computed is not None and computed.evidence is not None and self._learns is not None:
            self._matching.learn(self._learns, computed.evidence.query_vector, computed.value)
        return computed

    def _computed(self, retrieval: Retrieval, events: Sequence[Event], prompt: str) -> Computed[Any] | None:
        if not events or not isinstance(events[-1], Done):
            return None
        if any(isinstance(event, Status) and event.stage == UNSCORED for event in events):
            return None
        tokens = sum(event.input_tokens + event.output_tokens for event in events if isinstance(event, Usage))
        evidence = evidence_of(retrieval, self._collection, self._request.filter)
        return Computed(_value(events, prompt), evidence, tokens)

    def replay(self, cached: CacheResult[Any]) -> Iterable[Event]:
        return [event_from_dict(event) for event in cached.value["events"]]

    def promises(self, event: Event) -> bool | None:
        """The first words show that a model answers; before them come stages and sources."""
        match event:
            case Delta() | Done():
                return True
            case Failed():
                return False
            case _:
                return None


def _replayed(start: Start, events: Iterable[Event]) -> list[Event]:
    first, *others = events
    if isinstance(first, SearchedFor):
        return [replace(start, searched_for=first.text), *others]
    return [start, first, *others]


def _replayed_start(hit: CacheResult[Any], model: str) -> Start:
    cache = {
        "status": str(hit.status),
        "tier": hit.tier,
        "key": hit.key,
        "age_seconds": round(hit.age_seconds, 3),
        "similarity": hit.matched and round(hit.matched.similarity, 4),
        "matched_query": hit.matched and hit.matched.question,
    }
    query_id = hit.matched.query_id if hit.matched else new_query_id(hit.key)
    return Start(query_id, "", model, cache)


def _value(events: Sequence[Event], prompt: str = "") -> dict[str, Any]:
    """Return what is stored of an answer: everything but thoughts, and the digest of its prompt."""
    return {
        "events": [event_to_dict(event) for event in events if not isinstance(event, Thinking)],
        "prompt": prompt,
    }


def _text_of(value: Mapping[str, Any]) -> str:
    return "".join(event["text"] for event in value["events"] if event["event"] == "delta")
