"""Answers through the cache: one generation for all who ask the same, replayed event by event from then on."""

import asyncio
import hashlib
import math
import time
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from app.cache.entry import CacheControl, CacheResult, Computed
from app.cache.keys import KeySpec, Partition, encode
from app.cache.stampede.broadcast import BroadcastReader
from app.cache.stream_cache import StreamCache, StreamSource
from app.concurrency.coalescing import TrailingCoalescer
from app.domain.answers import Delta, Done, Event, Failed, Usage
from app.domain.cache_limits import longest_use, that_change_results
from app.domain.documents import Collection
from app.domain.event_codec import event_from_dict, event_to_dict
from app.domain.retrieval import Query, Retrieval
from app.errors import LocalChatError, ModelUnavailable
from app.generation.prompt import PROMPT_VERSION
from app.retrieval.fusion import RANKING_VERSION
from app.services.answering.answer_cache import OpenedAnswer
from app.services.answering.pipeline import AnswerPipeline, AnswerQuery, Clock
from app.services.search.serialization import evidence_of
from app.services.semantic.labels import rests_on, same_answers
from app.services.semantic.lookup import Matching, NoMatching, SemanticLookup

# Seconds that reading a model's digest again may keep what is cached waiting.
_DIGEST_PATIENCE = 0.25


class Models(Protocol):
    async def show(self, model: str) -> Any: ...


class Directory(Protocol):
    async def resolve(self, tenant: str, name: str) -> Collection: ...


@dataclass(slots=True)
class _Making:
    """One answer being made: what it came to rest on."""

    retrieval: Retrieval | None = field(default=None)


class CachedAnswers:
    """The `answer` namespace of the cache. Implements `AnswerCache`.

    A model is taken for `digest_age` seconds to be the one whose digest was read last. `unhurried` makes answers
    to check those by that were given by meaning; without it, none are.
    """

    def __init__(
        self,
        streams: StreamCache[Event],
        directory: Directory,
        models: Models,
        *,
        matching: Matching | None = None,
        unhurried: AnswerPipeline | None = None,
        digest_age: float = 30.0,
    ) -> None:
        self._streams = streams
        self._directory = directory
        self._models = models
        self._matching = matching or NoMatching()
        self._unhurried = unhurried
        self._digest_age = digest_age
        self._digests: dict[str, tuple[float, str]] = {}
        self._showing: TrailingCoalescer[Any] = TrailingCoalescer()

    async def open(
        self, asked: AnswerQuery, pipeline: AnswerPipeline, clock: Clock, *, control: str, semantic: bool = False
    ) -> OpenedAnswer:
        """Find the answer, or have it made; whoever asks the same meanwhile shares it.

        Raises:
            NotCached: `only-if-cached`, and it is not.
        """
        found = await self._directory.resolve(asked.tenant, asked.collection)
        collection = found.searched_as(asked.retrieval)
        partition = await self._partition(asked, collection)
        spec = KeySpec(partition, asked.question, longest_use(collection.settings))
        making = _Making()
        inquiry = self._inquiry(spec, collection, asked, pipeline) if semantic else None

        async def produce() -> AsyncGenerator[Event, None]:
            searched, retrieval = await pipeline.retrieve(asked, CacheControl(control))
            making.retrieval = retrieval
            async with aclosing(pipeline.generate(asked, searched, retrieval, clock)) as events:
                async for event in events:
                    yield event

        def conclude(events: Sequence[Event]) -> Computed[Any] | None:
            if making.retrieval is None or not events or not isinstance(events[-1], Done):
                return None
            query = Query(asked.tenant, asked.collection, asked.question, asked.top_k, filter=asked.filter)
            tokens = sum(event.input_tokens + event.output_tokens for event in events if isinstance(event, Usage))
            value = _value(events)
            evidence = evidence_of(making.retrieval, collection, query)
            if inquiry is not None and control == CacheControl.USE:
                self._matching.learn(inquiry, evidence.query_vector, value)
            return Computed(value, evidence, tokens)

        source = StreamSource(produce, conclude, _replay, _promises)
        nearby = None if inquiry is None else partial(self._matching.find, inquiry)
        opened = await self._streams.open(spec, source, CacheControl(control), nearby=nearby)
        if isinstance(opened, CacheResult):
            query_id = opened.matched.query_id if opened.matched else None
            return OpenedAnswer(_provenance(opened), _events(_replay(opened)), query_id)
        status = "bypass" if control == CacheControl.BYPASS else "miss"
        cache = {"status": status, "tier": None, "key": spec.key.digest, "age_seconds": None}
        return OpenedAnswer(cache, _read(opened))

    def _inquiry(
        self, spec: KeySpec, collection: Collection, asked: AnswerQuery, pipeline: AnswerPipeline
    ) -> SemanticLookup:
        async def supports(cached: Any) -> bool:
            _, retrieval = await pipeline.retrieve(asked)
            return rests_on(cached, [chunk.chunk_id for chunk in retrieval.results])

        return SemanticLookup(spec, collection, partial(self._again, asked), same_answers, supports)

    async def _again(self, asked: AnswerQuery) -> dict[str, Any] | None:
        """An answer made past the cache, for nobody who waits."""
        if self._unhurried is None:
            return None
        try:
            async with aclosing(self._unhurried.run(asked, Clock())) as made:
                events = [event async for event in made]
        except LocalChatError:
            return None
        return _value(events) if isinstance(events[-1], Done) else None

    async def _partition(self, asked: AnswerQuery, collection: Collection) -> Partition:
        history = [(message.role, message.content) for message in asked.history]
        return Partition(
            namespace="answer",
            tenant=asked.tenant,
            collection=collection.id,
            founded=collection.created_at.isoformat(),
            conversation=hashlib.sha256(encode(history)).hexdigest() if history else "",
            retrieval={
                "top_k": asked.top_k,
                "settings": that_change_results(collection.settings),
                "space": collection.space.id,
                "ranking": RANKING_VERSION,
            },
            filters=dict(asked.filter),
            embedder=collection.space.model,
            embedder_digest=collection.space.digest,
            chat_model=asked.model,
            chat_model_digest=await self._digest(asked.model),
            prompt=PROMPT_VERSION,
            sampling={"temperature": asked.temperature, "max_tokens": asked.max_tokens},
            statistics=str(collection.statistics or ""),
        )

    async def _digest(self, model: str) -> str:
        """The model's weights by their digest, so that new weights under an old name have answers of their own."""
        read_at, digest = self._digests.get(model, (-math.inf, ""))
        if time.monotonic() - read_at < self._digest_age:
            return digest
        try:
            async with asyncio.timeout(_DIGEST_PATIENCE if digest else None):
                shown, _ = await self._showing.run(model, lambda: self._models.show(model))
            digest = shown.digest
        except (TimeoutError, ModelUnavailable):
            # What is cached outlives the model server; nothing new can be made meanwhile.
            if not digest:
                raise
        self._digests[model] = (time.monotonic(), digest)
        return digest


def _provenance(hit: CacheResult[Any]) -> dict[str, Any]:
    return {
        "status": str(hit.status),
        "tier": hit.tier,
        "key": hit.key,
        "age_seconds": round(hit.age_seconds, 3),
        "similarity": hit.matched and round(hit.matched.similarity, 4),
        "matched_query": hit.matched and hit.matched.question,
    }


def _value(events: Sequence[Event]) -> dict[str, Any]:
    return {"events": [event_to_dict(event) for event in events]}


def _replay(cached: CacheResult[Any]) -> Iterable[Event]:
    return [event_from_dict(event) for event in cached.value["events"]]


def _promises(event: Event) -> bool | None:
    """The first words show that a model answers; before them come stages and sources."""
    match event:
        case Delta() | Done():
            return True
        case Failed():
            return False
        case _:
            return None


async def _events(events: Iterable[Event]) -> AsyncGenerator[Event, None]:
    for event in events:
        yield event


async def _read(reader: BroadcastReader[Event]) -> AsyncGenerator[Event, None]:
    async with aclosing(reader):
        async for event in reader:
            yield event
