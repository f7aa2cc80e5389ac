"""What the cache tells metrics: one request, one look into each tier, whatever happens behind it."""

import asyncio

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from app.cache.entry import CacheControl
from app.cache.evidence import ChangeSet
from app.cache.stampede.lease import FleetLease
from app.cache.stats import CacheStats
from app.concurrency.circuit_breaker import CircuitBreaker
from app.observers.cache import CacheCollector
from app.telemetry.metrics import Metrics
from tests.support.cache.assembly import Assembly, FakeChanges, FakeVersions, assemble, new_memory, spec_of
from tests.support.cache.chain import SPEC, MemoryLeases, Pipeline, Tier

_LABELS = ("cache", "tier", "op", "result", "reason")


class Fleet:
    """Replicas that share their slower tiers and their leases; each has metrics of its own."""

    def __init__(self) -> None:
        self.shared = [Tier("l2"), Tier("l3")]
        self.lease = FleetLease([(MemoryLeases(), CircuitBreaker())], poll=(0.001, 0.005))

    def replica(self) -> tuple[Assembly, Metrics]:
        return watched(assemble(self.shared, lease=self.lease))


def watched(made: Assembly) -> tuple[Assembly, Metrics]:
    metrics = Metrics("1")
    metrics.registry.register(CacheCollector(made.stats))
    return made, metrics


def counts(metrics: Metrics) -> dict[str, dict[str, int]]:
    """Of each instrument of the cache, the values of its labels and how often it was told of them."""
    found: dict[str, dict[str, int]] = {}
    for family in text_string_to_metric_families(generate_latest(metrics.registry).decode()):
        for sample in family.samples:
            if sample.name.startswith("rag_cache_") and sample.name.endswith(("_total", "_count")):
                name = sample.name.removeprefix("rag_cache_").removesuffix("_total").removesuffix("_count")
                values = [sample.labels[label] for label in _LABELS if label in sample.labels]
                found.setdefault(name, {})[" ".join(values)] = int(sample.value)
    return found


async def test_each_request_is_counted_once_in_each_tier_that_it_reaches() -> None:
    fleet, pipeline = Fleet(), Pipeline()
    first, seen_first = fleet.replica()
    for _ in range(4):
        await first.chain.get_or_compute(SPEC, pipeline)
    await first.tiers.drain()
    await first.chain.get_or_compute(SPEC, pipeline, CacheControl.BYPASS)
    assert counts(seen_first) == {
        "requests": {
            "answer l1 miss": 1,
            "answer l2 miss": 1,
            "answer l3 miss": 1,
            "answer l1 hit": 3,
            "answer none bypass": 1,
        },
        "operation_duration_seconds": {"l1 get": 3, "l2 set": 1, "l3 set": 1},
    }
    second, seen_second = fleet.replica()
    await second.chain.get_or_compute(SPEC, pipeline)
    await second.chain.get_or_compute(SPEC, pipeline)
    assert counts(seen_second) == {
        "requests": {"answer l1 miss": 1, "answer l2 hit": 1, "answer l1 hit": 1},
        "operation_duration_seconds": {"l2 get": 1, "l1 get": 1},
    }
    assert pipeline.runs == 2


async def test_requests_that_wait_for_another_count_their_misses_once_however_often_they_look() -> None:
    fleet, pipeline = Fleet(), Pipeline()
    first, seen_first = fleet.replica()
    second, seen_second = fleet.replica()
    pipeline.go.clear()
    waiting = [
        asyncio.create_task(made.chain.get_or_compute(SPEC, pipeline)) for made in (first, first, first, second)
    ]
    await asyncio.sleep(0.05)
    pipeline.go.set()
    await asyncio.gather(*waiting)
    await first.tiers.drain()
    # The first looks for itself, and the others, who came meanwhile, look together.
    missed = {"answer l1 miss": 2, "answer l2 miss": 2, "answer l3 miss": 2}
    assert counts(seen_first)["requests"] == missed
    assert counts(seen_first)["coalesced"] == {"answer": 2}
    (hit,) = (name for name in counts(seen_second)["requests"] if name.endswith("hit"))
    assert counts(seen_second)["requests"] == dict.fromkeys([*missed, hit], 1)
    assert pipeline.runs == 1


async def test_what_a_change_or_a_lack_of_room_took_is_counted_with_its_reason() -> None:
    versions = FakeVersions()
    changes = FakeChanges(ChangeSet(frozenset({"d1"}), added=False))
    made, metrics = watched(assemble(versions=versions, changes=changes))
    await made.chain.get_or_compute(SPEC, Pipeline(versions))
    versions.set(1, 2)
    await made.chain.get_or_compute(SPEC, Pipeline(versions))
    assert counts(metrics)["requests"] == {"answer l1 miss": 1, "answer l1 stale": 1}
    assert counts(metrics)["invalidations"] == {"answer l1 corpus_changed": 1}

    evicted: list[str] = []
    memory = new_memory(max_entries=2, on_evict=lambda key: evicted.append(key.namespace))
    small = assemble(memory=memory)
    for number in range(5):
        await small.chain.get_or_compute(spec_of(f"question {number}?"), Pipeline())
    assert evicted == ["answer"] * 3


def test_durations_are_counted_in_the_buckets_that_dashboards_know() -> None:
    stats = CacheStats()
    stats.hit("l1", "answer", 3_000)
    stats.hit("l1", "retrieval", 40_000)
    stats.operated("l2", "set", 2_000_000_000)
    (family,) = [each for each in CacheCollector(stats).collect() if each.type == "histogram"]
    found = {(each.name.rpartition("_")[2], *each.labels.values()): each.value for each in family.samples}
    bounds = ("2.5e-06", "5e-06", "2.5e-05", "5e-05", "+Inf")
    assert [found["bucket", "l1", "get", bound] for bound in bounds] == [0, 1, 1, 2, 2]
    assert [found["bucket", "l2", "set", bound] for bound in ("0.25", "+Inf")] == [0, 1]
    assert found["sum", "l1", "get"] == pytest.approx(43e-6)
    assert found["count", "l2", "set"] == 1
