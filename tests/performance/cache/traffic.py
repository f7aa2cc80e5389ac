"""How often each tier has the answer: replayed logs and drawn traffic, through the real chain."""

import gzip
import json
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.cache.backend import EVERYTHING, CacheKey
from app.cache.backends.memory import MemoryCache
from app.cache.entry import CacheEntry, Computed
from app.cache.keys import KeySpec
from tests.performance.shared.report import Report
from tests.performance.shared.timing import several
from tests.support import folders
from tests.support.cache.assembly import Assembly, assemble, spec_of

CAPACITY = 5_000
TIERS = ("l1", "l2", "l3")
TRAFFIC = folders.DATA / "traffic"
REPLAYS = ("zipf_qqp_synthetic", "excite_1997")
_DRAWS = 1_000_000


@dataclass(frozen=True, slots=True)
class Workload:
    """Questions that are spread over replicas at random.

    After every `restart_every` questions one replica begins with an empty memory, in turn, as in a rolling update;
    after every `empty_every` the shared memory tier is emptied, as when it is restarted without a disk.
    """

    name: str
    questions: Sequence[str]
    replicas: int = 1
    restart_every: int = 0
    empty_every: int = 0


def draw(keys: int, count: int, exponent: float = 1.0) -> list[str]:
    """Independent draws from Zipf's law; the key is the rank, from 0."""
    weights = 1 / np.arange(1, keys + 1) ** exponent
    return [str(key) for key in np.random.default_rng(7).choice(keys, count, p=weights / weights.sum()).tolist()]


def replay(name: str) -> list[str]:
    """Raise FileNotFoundError if the log is not on this machine."""
    with gzip.open(TRAFFIC / f"{name}.jsonl.gz", "rt") as lines:
        return [str(json.loads(line)["text"]) for line in lines]


def bench_eviction(report: Report, scale: float) -> None:
    """L1 by itself: its policy beside LRU, and beside what its size allows at best."""
    for exponent in (0.9, 1.0, 1.1):
        trace = draw(10 * CAPACITY, int(_DRAWS * scale), exponent)
        # The most popular keys are known: holding just those is the best that a fixed set can do.
        warm = len(trace) // 4
        best = sum(int(key) < CAPACITY for key in trace[warm:]) / (len(trace) - warm)
        case = f"Zipf({exponent}) over {10 * CAPACITY:,} questions, {CAPACITY:,} entries"
        _policies(report, case, trace, CAPACITY, warm, "static optimum", best)
    for name in REPLAYS:
        trace = [spec_of(text).key.digest for text in replay(name)]
        repeats = 1 - len(set(trace)) / len(trace)
        for capacity in (CAPACITY, CAPACITY // 10):
            case = f"{name}, {len(trace):,} questions, {capacity:,} entries"
            _policies(report, case, trace, capacity, 0, "every repeat", repeats)


def _policies(
    report: Report, case: str, trace: Sequence[str], capacity: int, warm: int, bound: str, best: float
) -> None:
    report.add("eviction", case, bound, "hit_rate", best)
    contenders: dict[str, Callable[[str], bool]] = {"S3-FIFO": _s3_fifo(capacity), "LRU": _lru(capacity)}
    for name, hit in contenders.items():
        rate = sum([hit(key) for key in trace][warm:]) / (len(trace) - warm)
        report.add("eviction", case, name, "hit_rate", rate)
        report.add("eviction", case, name, "of_bound", rate / best)


def _s3_fifo(capacity: int) -> Callable[[str], bool]:
    cache: MemoryCache[int] = MemoryCache(weigh=lambda _: 1, max_entries=capacity)

    def hit(key: str) -> bool:
        if cache.lookup(key) is not None:
            return True
        cache.put(CacheKey(key, "answer", "acme", 1, "p"), 1, 1e9)
        return False

    return hit


def _lru(capacity: int) -> Callable[[str], bool]:
    keys: OrderedDict[str, None] = OrderedDict()

    def hit(key: str) -> bool:
        if key in keys:
            keys.move_to_end(key)
            return True
        keys[key] = None
        if len(keys) > capacity:
            keys.popitem(last=False)
        return False

    return hit


def workloads(scale: float) -> list[Workload]:
    count = int(200_000 * scale)
    updates = {"replicas": 4, "restart_every": count // 8, "empty_every": count // 2}
    return [
        *(Workload(name, replay(name), replicas) for name in REPLAYS for replicas in (1, 4)),
        Workload("Zipf(1.0) over 50,000", draw(50_000, count)),
        Workload("Zipf(1.0) over 50,000", draw(50_000, count), replicas=4),
        Workload("Zipf(1.0) over 50,000", draw(50_000, count), **updates),
        Workload("Zipf(1.0) over 5,000", draw(5_000, count), replicas=4),
        Workload("Zipf(1.0) over 5,000", draw(5_000, count), **updates),
    ]


async def bench_tiers(report: Report, scale: float) -> None:
    """Hits of each tier among the questions that came as far as it."""
    for load in workloads(scale):
        answered = await _play(load)
        case = f"{load.name}, {len(load.questions):,} questions, {several(load.replicas, 'replica')}"
        if load.restart_every:
            case += ", rolling restarts, L2 emptied once"
        asked = answered.total()
        report.add("traffic", case, "all tiers", "hit_rate", 1 - answered[None] / asked)
        for tier in TIERS:
            report.add("traffic", case, tier, "hit_rate", answered[tier] / asked if asked else 0.0)
            asked -= answered[tier]


async def _play(load: Workload) -> Counter[str | None]:
    """Ask everything; how often each tier had the answer, None where nobody had."""
    answered: Counter[str | None] = Counter()
    shared = [_boundless(name) for name in TIERS[1:]]
    replicas = [_replica(shared) for _ in range(load.replicas)]
    turns = np.random.default_rng(11).integers(0, load.replicas, len(load.questions)).tolist()
    specs: dict[str, KeySpec] = {}

    async def compute() -> Computed[Any]:
        return Computed({"answer": "x" * 200})

    for number, (question, turn) in enumerate(zip(load.questions, turns, strict=True)):
        if load.restart_every and number and number % load.restart_every == 0:
            restarted = number // load.restart_every % load.replicas
            replicas[restarted] = _replica(shared)
        if load.empty_every and number and number % load.empty_every == 0:
            shared[0].purge(EVERYTHING)
        spec = specs.get(question) or specs.setdefault(question, spec_of(question))
        made = replicas[turn]
        cached = await made.chain.get_or_compute(spec, compute)
        answered[cached.tier] += 1
        if cached.tier != TIERS[0]:
            await made.tiers.drain()
    return answered


def _replica(shared: Sequence[MemoryCache[bytes]]) -> Assembly:
    memory: MemoryCache[CacheEntry] = MemoryCache(weigh=lambda record: record.size, max_entries=CAPACITY)
    return assemble(shared, memory=memory, ttl=86_400)


def _boundless(name: str) -> MemoryCache[bytes]:
    """A shared tier without its server."""
    tier: MemoryCache[bytes] = MemoryCache(weigh=len, max_entries=10**9, max_bytes=10**12)
    tier.name = name
    return tier
