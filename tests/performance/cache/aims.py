"""What the cache is meant to reach, and what was measured of it."""

from collections.abc import Iterator

from tests.performance.cache.faults import RATE
from tests.performance.cache.replicas import FLOOR, KEYED, RATES
from tests.performance.cache.tiers import HIT, SIZES
from tests.performance.cache.traffic import CAPACITY
from tests.performance.shared.report import Aim
from tests.support.processes.troubled_stack import FAULTS

# Microseconds in which an answer of each tier is to be there.
LIMITS = {"l1": 1_000, "l2": 5_000, "l3": 50_000}
_HOLDS = "Zipf(1.0) over 5,000, 200,000 questions, 4 replicas, rolling restarts, L2 emptied once"


def aims() -> list[Aim]:
    return [*_tiers(), *_http(), *_faults(), *_traffic()]


def _tiers() -> Iterator[Aim]:
    l1 = "L1 2 KB, 1 reader"
    yield Aim("L1 hit in the process, p99", ("tiers", l1, HIT, "p99_us"), at_most=100, unit=" us")
    for subject, text in (("MemoryCache.get", "the tier by itself"), (HIT, "the whole hit")):
        yield Aim(
            f"L1, {text}: time as a multiple of a dict lookup with a time check",
            ("tiers", l1, subject, "cost_ratio"),
            at_most=3,
        )
    for size in SIZES:
        for subject, text in (("RedisCache.get", "the tier by itself"), (HIT, "the whole hit")):
            yield Aim(
                f"L2 {size}, {text}: time as a multiple of a redis.asyncio GET",
                ("tiers", f"L2 {size}, 1 reader", subject, "p50_ratio"),
                at_most=1.25,
            )
            for readers in (16, 64):
                yield Aim(
                    f"L2 {size}, {text}, {readers} readers: throughput as a multiple of redis.asyncio GETs",
                    ("tiers", f"L2 {size}, {readers} readers", subject, "rate_ratio"),
                    at_least=3,
                )
        for subject, text in (("PostgresCache.get", "the tier by itself"), (HIT, "the whole hit")):
            yield Aim(
                f"L3 {size}, {text}: time as a multiple of a prepared read on a held connection",
                ("tiers", f"L3 {size}, 1 reader", subject, "p50_ratio"),
                at_most=1.25,
            )


def _http() -> Iterator[Aim]:
    yield Aim(
        f"L1 hit over HTTP, 16 connections: requests/s as a share of a {FLOOR}",
        ("http", "HTTP, 16 connections", "l1", "rate_ratio"),
        at_least=0.8,
    )
    yield Aim(
        f"the same: processor time as a multiple of the {FLOOR}'s",
        ("http", "HTTP, 16 connections", "l1", "processor_ratio"),
        at_most=1.25,
    )
    yield Aim(
        "the same with an API key: processor time as a multiple of without",
        ("http", "HTTP, 16 connections", KEYED, "key_ratio"),
        at_most=1.15,
    )
    for rate in RATES:
        for tier, limit in LIMITS.items():
            for measure in ("p50", "p99"):
                yield Aim(
                    f"{tier.upper()} hit over HTTP at {rate} requests/s, {measure}",
                    ("http", f"arrivals, {rate}/s", tier, f"{measure}_us"),
                    at_most=limit,
                    unit=" us",
                )


def _faults() -> Iterator[Aim]:
    for name in FAULTS:
        yield Aim(
            f"Redis {name} under {RATE} requests/s that need it: p99 above that of just before",
            ("faults", f"Redis {name}, {RATE}/s", "l2", "later_us"),
            at_most=50_000,
            unit=" us",
        )
        yield Aim(
            f"Redis {name}: answers that failed", ("faults", f"Redis {name}, {RATE}/s", "l2", "failed"), at_most=0
        )


def _traffic() -> Iterator[Aim]:
    yield Aim(
        f"S3-FIFO on Zipf(1.0) over {10 * CAPACITY:,} questions: hits as a share of a static optimum's",
        ("eviction", f"Zipf(1.0) over {10 * CAPACITY:,} questions, {CAPACITY:,} entries", "S3-FIFO", "of_bound"),
        at_least=0.96,
    )
    for tier, rate in (("l1", 0.8), ("l2", 0.6), ("l3", 0.4)):
        yield Aim(f"{_HOLDS}: hits of {tier.upper()}", ("traffic", _HOLDS, tier, "hit_rate"), at_least=rate)
