"""Matches questions by meaning after an exact miss, within an error budget that is measured all the time.

In `shadow` mode nothing is served: a computed result is compared with the match that would have been served. In
`serve` mode the same happens to computed results, and a share of the served matches is checked in the background.
"""

import logging
import random
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Literal

from app.cache.chain import SEMANTIC_TIER, CacheChain
from app.cache.entry import CacheResult, MatchedQuestion
from app.cache.keys import KeySpec
from app.cache.semantic.language.eligibility import refusal
from app.cache.semantic.matching import CANDIDATES, FLOOR, MatchCandidate, QuestionIndex, allowed
from app.cache.semantic.observations import Label, Observations, Segment, segment_of
from app.cache.semantic.thresholds import ThresholdManager
from app.concurrency.background import Background
from app.concurrency.circuit_breaker import CircuitBreaker
from app.concurrency.coalescing import TrailingCoalescer
from app.concurrency.timeouts import lag_tolerant_timeout
from app.domain.query_ids import new_query_id
from app.domain.retrieval import EmbedQuery, ServedMatch
from app.errors import LocalChatError
from app.services.semantic.lookup import SemanticLookup
from app.telemetry import tracing

Mode = Literal["shadow", "serve"]

# The share of served matches that are checked against a fresh result. About six wrong ones among them show a drift,
# whatever their number.
CHECKED = 0.2

_log = logging.getLogger(__name__)


async def _failing_open(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception as error:  # noqa: BLE001 - Postgres may be away for a while
        _log.info("learning from a match by meaning failed: %r", error)


@dataclass(frozen=True, slots=True)
class _Match:
    """A match. `nanoseconds`: the time that finding it took, without embedding the question."""

    candidate: MatchCandidate
    spec: KeySpec
    cached: CacheResult[Any]
    nanoseconds: int


class SemanticCache:
    """Finds matches and learns from them. A lookup that fails or is late is a miss; learning that fails is logged.

    Args:
        mode: shadow or serve.
        chain: reads the matched entry, and proves it fresh.
        index: the cached questions.
        observations: stores labels.
        thresholds: gives the threshold in force for a segment, and counts its traffic.
        embed: embeds a question; retrieval finds the vector in the cache afterwards.
        checked: share of the served answers that are checked.
        timeout: seconds that a request waits for a match at most.
    """

    def __init__(
        self,
        mode: Mode,
        chain: CacheChain,
        index: QuestionIndex,
        observations: Observations,
        thresholds: ThresholdManager,
        embed: EmbedQuery,
        *,
        checked: float = CHECKED,
        timeout: float = 0.05,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.mode = mode
        self._chain = chain
        self._index = index
        self._observations = observations
        self.thresholds = thresholds
        self._embed = embed
        self.checked = checked
        self.timeout = timeout
        self._draw = draw
        self._breaker = CircuitBreaker()
        self._background = Background(limit=64)
        self._looking: TrailingCoalescer[_Match | None] = TrailingCoalescer()
        self._learning: set[str] = set()

    async def find(self, inquiry: SemanticLookup) -> CacheResult[Any] | None:
        """Return a result marked with its provenance. Concurrent lookups for the same question share one."""
        segment = segment_of(inquiry.spec.partition)
        if self.mode != "serve" or segment is None:
            return None
        threshold = self.thresholds.threshold(segment)
        if threshold is None or refusal(inquiry.spec.question) is not None or not self._breaker.allows():
            return None
        key = inquiry.spec.key
        looked = {"rag.cache.namespace": key.namespace, "rag.cache.tier": SEMANTIC_TIER}
        with tracing.span("rag.cache get", attributes=looked) as span:
            match, _ = await self._looking.run(key.digest, lambda: self._look(inquiry, threshold))
            # Read again, so that only a result that is served counts as a use.
            used = None if match is None else await self._chain.search(match.spec, used=True)
            span.set_attribute("rag.cache.result", "hit" if used else "miss")
        if match is None or used is None:
            self._chain.note_semantic(key.namespace, "miss")
            return None
        self._chain.note_semantic(key.namespace, "hit", nanoseconds=match.nanoseconds)
        return self._serve(inquiry, segment, match, used)

    def learn(self, inquiry: SemanticLookup, vector: bytes, fresh: Any) -> None:
        segment, digest = segment_of(inquiry.spec.partition), inquiry.spec.key.digest
        if segment is None or digest in self._learning:
            return
        if not vector or refusal(inquiry.spec.question) is not None:
            self.thresholds.traffic.note(segment, None)
        elif self._later(self._learn(inquiry, segment, vector, fresh)):
            self._learning.add(digest)

    async def drain(self) -> None:
        """Wait until all learning begun so far has ended."""
        await self._background.drain()

    async def close(self) -> None:
        await self._background.close()

    async def _look(self, inquiry: SemanticLookup, threshold: float) -> _Match | None:
        spec = inquiry.spec
        try:
            vector = await self._embed(inquiry.collection, spec.question)
        except Exception:  # noqa: BLE001 - retrieval needs the vector as well, and tells why it cannot have it
            return None
        try:
            async with lag_tolerant_timeout(self.timeout):
                match = await self._match(spec, vector.tobytes(), threshold)
        except Exception as error:  # noqa: BLE001 - a cache fails open
            self._breaker.failed()
            self._chain.note_semantic(spec.key.namespace, "error")
            _log.info("the lookup by meaning failed: %r", error)
            return None
        self._breaker.succeeded()
        return await self._supported(inquiry, match)

    async def _match(self, spec: KeySpec, vector: bytes, least: float) -> _Match | None:
        """Return the nearest question that no guard keeps apart from this one, if its result is fresh."""
        started = time.perf_counter_ns()
        near = await self._index.nearest(spec.key.partition, vector, limit=CANDIDATES, least=least)
        candidates = (each for each in near if each.key != spec.key.digest)
        for candidate in allowed(spec.question, candidates):
            matched = replace(spec, question=candidate.question)
            # The key is computed again here, and an entry of another partition cannot have it.
            if matched.key.digest != candidate.key:
                continue
            if await self._observations.are_apart(spec.key.tenant, spec.question, candidate.question):
                continue
            hit = await self._chain.search(matched)
            if hit is not None:
                return _Match(candidate, matched, hit, time.perf_counter_ns() - started)
        return None

    async def _supported(self, inquiry: SemanticLookup, match: _Match | None) -> _Match | None:
        """Return the match if its result rests on the passages of this question, which a miss retrieves anyway."""
        if match is None or inquiry.supports is None:
            return match
        try:
            return match if await inquiry.supports(match.cached.value) else None
        except LocalChatError:
            return None

    def _serve(
        self, inquiry: SemanticLookup, segment: Segment, match: _Match, used: CacheResult[Any]
    ) -> CacheResult[Any]:
        spec, candidate = inquiry.spec, match.candidate
        self.thresholds.traffic.note(segment, candidate.similarity, served=True)
        query_id = new_query_id(candidate.key)
        self._later(
            self._observations.add_match(
                ServedMatch(
                    query_id,
                    segment.digest,
                    spec.key.tenant,
                    spec.key.partition,
                    candidate.key,
                    spec.question,
                    candidate.question,
                    candidate.similarity,
                )
            )
        )
        if self._draw() < self.checked:
            self._later(self._check(inquiry, segment, match))
        return used._replace(
            tier=SEMANTIC_TIER, matched=MatchedQuestion(candidate.question, candidate.similarity, query_id)
        )

    def _later(self, work: Coroutine[Any, Any, None]) -> bool:
        """Do the work in the background. False: too much is under way already."""
        started = self._background.spawn(_failing_open(work))
        if not started:
            work.close()
        return started

    async def _learn(self, inquiry: SemanticLookup, segment: Segment, vector: bytes, fresh: Any) -> None:
        try:
            near = await self._match(inquiry.spec, vector, FLOOR)
            match = await self._supported(inquiry, near)
            if match is None:
                self.thresholds.traffic.note(segment, None)
                return
            self.thresholds.traffic.note(segment, match.candidate.similarity)
            await self._label(inquiry, segment, match, fresh, served=False)
        finally:
            self._learning.discard(inquiry.spec.key.digest)

    async def _check(self, inquiry: SemanticLookup, segment: Segment, match: _Match) -> None:
        """Compute the result that was not computed, and quarantine the entry if it was served wrongly."""
        fresh = await inquiry.recompute()
        if fresh is None or await self._label(inquiry, segment, match, fresh, served=True):
            return
        key, candidate = inquiry.spec.key, match.candidate
        await self._index.quarantine(candidate.key)
        await self._observations.keep_apart(
            key.tenant, key.partition, inquiry.spec.question, candidate.question, candidate.similarity
        )

    async def _label(
        self, inquiry: SemanticLookup, segment: Segment, match: _Match, fresh: Any, *, served: bool
    ) -> bool:
        """Store the label of a match; return whether its result was right."""
        verdict = inquiry.same(match.cached.value, fresh)
        candidate = match.candidate
        await self._observations.add_label(
            segment,
            Label(
                inquiry.spec.question,
                candidate.question,
                candidate.similarity,
                verdict.correct,
                served,
                "pipeline",
                verdict.detail,
            ),
        )
        return verdict.correct
