"""The error budget in force: serving begins when labels allow it, keeps the budget, and ends by itself on drift."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from app.cache.keys import Partition
from app.cache.semantic.calibration import BINS, Decision, Tally, bin_of, decide
from app.cache.semantic.observations import Counts, Label, Observed, Segment, SegmentEvidence, Traffic, segment_of
from app.cache.semantic.thresholds import ThresholdManager
from app.services.semantic.cache import CHECKED
from tests.support.waiting import idle

BUDGET = 0.02
SEGMENT = Segment("5" * 64, "acme", 1, "answer")


@dataclass
class MemoryObservations:
    """The observations of one segment; what a restart leaves behind is forgotten at once."""

    now: datetime = datetime(2026, 11, 1, tzinfo=UTC)
    requests: int = 0
    served: int = 0
    matches: list[int] = field(default_factory=lambda: [0] * BINS)
    labels: list[Label] = field(default_factory=list)
    decision: Decision = field(default_factory=lambda: Decision(None, ""))
    error: Exception | None = None
    purged: int = 0
    restarts: int = 0

    async def add_traffic(self, taken: Mapping[Segment, Counts]) -> None:
        if self.error is not None:
            raise self.error
        for counts in taken.values():
            self.requests += counts.lookups
            self.served += counts.served
            self.matches = [a + b for a, b in zip(self.matches, counts.matches, strict=True)]

    def add(self, similarity: float, *, correct: bool, served: bool) -> None:
        self.labels.append(Label("q", "m", similarity, correct, served, "pipeline"))

    async def observed(self, tenant: str | None = None) -> list[Observed]:
        if not self.requests:
            return []
        threshold, reason = self.decision.threshold, self.decision.reason
        return [Observed(SEGMENT, "books", threshold, reason, self.now, None, len(self.labels))]

    async def evidence(self, digest: str, *, recent: int) -> SegmentEvidence:
        right, wrong = [0] * BINS, [0] * BINS
        for label in self.labels:
            (right if label.correct else wrong)[bin_of(label.similarity)] += 1
        served = [label.correct for label in reversed(self.labels) if label.served][:recent]
        return SegmentEvidence(Tally(self.requests, self.matches, right, wrong), self.served, served)

    async def decide(self, observed: Observed, decision: Decision) -> None:
        self.decision = decision
        if decision.restart:
            self.restarts += 1
            self.now += timedelta(seconds=1)
            self.requests = self.served = 0
            self.matches, self.labels = [0] * BINS, []

    async def purge(self) -> None:
        self.purged += 1


@dataclass
class Graphs:
    built: int = 0

    async def build_graphs(self) -> None:
        self.built += 1


def manager_of(observations: MemoryObservations, **options: Any) -> ThresholdManager:
    return ThresholdManager(observations, Graphs(), **{"budget": BUDGET, **options})  # type: ignore[arg-type] # what it needs


Error = Callable[[float], float]


def rarely(score: float) -> float:
    """The share of wrong matches by score: none at 1, most at 0.8."""
    return float(np.clip(5.5 * (1 - score) ** 1.5, 0, 1))


@dataclass
class Service:
    """Traffic in which six requests of ten match something, and what serving it as decided gives."""

    rng: np.random.Generator
    observations: MemoryObservations = field(default_factory=MemoryObservations)
    wrong_at: Error = rarely
    asked: int = 0
    hits: int = 0
    wrong: int = 0

    def __post_init__(self) -> None:
        self.thresholds = manager_of(self.observations)

    async def run(self, requests: int) -> None:
        for _ in range(requests // 100):
            for _ in range(100):
                self._ask()
            await self.thresholds.turn()

    def _ask(self) -> None:
        self.asked += 1
        if self.rng.random() > 0.6:
            self.thresholds.traffic.note(SEGMENT, None)
            return
        score = 1 - 0.2 * float(self.rng.beta(1.5, 3))
        correct = bool(self.rng.random() > self.wrong_at(score))
        threshold = self.thresholds.threshold(SEGMENT)
        served = threshold is not None and bin_of(score) >= bin_of(threshold)
        self.thresholds.traffic.note(SEGMENT, score, served=served)
        self.hits += served
        self.wrong += served and not correct
        if not served or self.rng.random() < CHECKED:
            self.observations.add(score, correct=correct, served=served)


async def test_the_budget_is_kept_while_serving_adjusts_itself() -> None:
    """Deciding again and again on growing labels must not wear the guarantee away."""
    shares, hits = [], []
    for seed in range(12):
        service = Service(np.random.default_rng(seed))
        await service.run(2000)
        shares.append(service.wrong / service.asked)
        hits.append(service.hits / service.asked)
    assert sum(share > BUDGET for share in shares) <= 1
    assert np.mean(hits) > 0.1


@pytest.mark.parametrize("seed", range(2))
async def test_serving_ends_on_drift_and_begins_anew_when_labels_allow_it(seed: int) -> None:
    service = Service(np.random.default_rng(seed))
    await service.run(2500)
    assert service.thresholds.threshold(SEGMENT) is not None
    service.wrong_at = lambda _: 0.6
    before, asked = service.wrong, service.asked
    while not service.observations.restarts and service.asked < asked + 1000:
        await service.run(100)
    assert service.observations.decision.reason.startswith("drift")
    assert service.thresholds.threshold(SEGMENT) is None
    assert service.wrong - before < 80, "of some 300 that would have been"
    before = service.wrong
    await service.run(1500)
    assert (service.wrong - before) / 1500 <= BUDGET
    service.wrong_at = lambda _: 0.0
    hits = service.hits
    await service.run(3000)
    assert service.hits - hits > 50


async def test_steady_traffic_is_no_drift() -> None:
    service = Service(np.random.default_rng(5))
    await service.run(4000)
    assert service.observations.restarts == 0


def tally(requests: int, matches: int, right: int, wrong: int) -> Tally:
    counts = [[0] * BINS for _ in range(3)]
    for row, count in zip(counts, (matches, right, wrong), strict=True):
        row[bin_of(0.95)] = count
    return Tally(requests, *counts)


@pytest.mark.parametrize(
    ("seen", "recent", "threshold", "expected"),
    [
        (tally(1000, 200, 199, 1), (0, 0), None, (0.95, "at most 0.47% of requests", False)),
        (tally(100, 20, 20, 0), (0, 0), None, (None, "20 labels do not show yet", False)),
        (tally(1000, 200, 150, 50), (0, 0), None, (None, "200 labels do not show yet", False)),
        (tally(1000, 200, 199, 1), (1, 20), 0.95, (0.95, "at most", False)),
        (tally(1000, 200, 199, 1), (7, 20), 0.95, (None, "7 of the last 20 checked hits were wrong", True)),
        (tally(0, 0, 0, 0), (7, 20), 0.95, (None, "0 labels", False)),
    ],
)
def test_a_decision(
    seen: Tally, recent: tuple[int, int], threshold: float | None, expected: tuple[float | None, str, bool]
) -> None:
    checked = [False] * recent[0] + [True] * (recent[1] - recent[0])
    decision = decide(seen, recent=checked, threshold=threshold, budget=BUDGET)
    assert (decision.threshold, decision.restart) == (expected[0], expected[2])
    assert expected[1] in decision.reason


async def test_a_segment_is_decided_when_there_is_news_of_it() -> None:
    observations = MemoryObservations(requests=1000)
    thresholds = manager_of(observations)

    async def decided_with(more: int) -> bool:
        for _ in range(more):
            observations.add(0.95, correct=True, served=False)
        observations.matches[bin_of(0.95)] = len(observations.labels)
        observations.decision = replace(observations.decision, reason="")
        await thresholds.turn()
        return observations.decision.reason != ""

    assert not await decided_with(9)
    assert await decided_with(1)
    assert observations.decision.threshold == 0.95
    assert not await decided_with(9)
    assert await decided_with(1), "a threshold in force is looked at every ten labels"
    assert thresholds.threshold(SEGMENT) == 0.95
    observations.decision = Decision(None, "")
    assert await decided_with(480)
    observations.decision = Decision(None, "")
    await thresholds.turn()
    assert not await decided_with(20), "otherwise when there is a twentieth more"
    observations.labels.clear()
    assert await decided_with(0), "another replica has begun anew"


async def test_what_cannot_be_written_is_counted_later() -> None:
    observations = MemoryObservations(error=OSError("gone"))
    thresholds = manager_of(observations)
    thresholds.traffic.note(SEGMENT, 0.9, served=True)
    with pytest.raises(OSError, match="gone"):
        await thresholds.turn()
    thresholds.traffic.note(SEGMENT, 0.9)
    observations.error = None
    await thresholds.turn()
    assert (observations.requests, observations.served, observations.matches[bin_of(0.9)]) == (2, 1, 2)


async def test_the_keeper_outlives_a_store_that_is_away(caplog: pytest.LogCaptureFixture) -> None:
    observations = MemoryObservations(error=OSError("gone"))
    thresholds = manager_of(observations, every=0.001)
    task = asyncio.create_task(thresholds.run())
    async with asyncio.timeout(60):
        while "thresholds were not brought up to date" not in caplog.text:
            await idle()
        observations.error = None
        while not observations.purged:
            await idle()
    task.cancel()
    await asyncio.wait([task])
    assert thresholds._index.built >= 1  # type: ignore[attr-defined] # the stand-in counts


async def test_a_change_of_the_threshold_is_told(caplog: pytest.LogCaptureFixture) -> None:
    observations = MemoryObservations(requests=1000)
    for _ in range(200):
        observations.add(0.95, correct=True, served=False)
    observations.matches[bin_of(0.95)] = 200
    with caplog.at_level(logging.INFO):
        await manager_of(observations).turn()
    assert "matching by meaning in books: at most 0.30% of requests answered wrongly" in caplog.text


def test_traffic_is_counted_by_segment_and_taken_once() -> None:
    traffic = Traffic()
    other = replace(SEGMENT, digest="6" * 64)
    traffic.note(SEGMENT, 0.9)
    traffic.note(SEGMENT, None)
    traffic.note(other, 1.0, served=True)
    taken = traffic.take()
    assert (taken[SEGMENT].lookups, taken[SEGMENT].served, sum(taken[SEGMENT].matches)) == (2, 0, 1)
    assert (taken[other].lookups, taken[other].served, taken[other].matches[200]) == (1, 1, 1)
    assert traffic.take() == {}


def test_partitions_that_differ_in_what_similarity_does_not_depend_on_share_a_segment() -> None:
    one = segment_of(Partition("answer", "acme", 1, retrieval={"top_k": 5}))
    assert one == segment_of(Partition("answer", "acme", 1, filters={"a": 1}))
    for other in (
        Partition("retrieval", "acme", 1),
        Partition("answer", "beta", 1),
        Partition("answer", "acme", 2),
        Partition("answer", "acme", 1, embedder="another"),
        Partition("answer", "acme", 1, chat_model_digest="another"),
    ):
        assert segment_of(other) != one
    assert segment_of(Partition("embedding", "acme", None)) is None
    assert segment_of(Partition("answer", "acme", 1, conversation="earlier")) is None
