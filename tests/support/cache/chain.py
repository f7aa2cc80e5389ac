"""What tests of the cache chain share: a key, a pipeline that counts its runs, tiers and leases in memory."""

import asyncio
from typing import Any

from app.cache.backends.memory import MemoryCache
from app.cache.entry import CacheResult, Computed
from app.cache.evidence import ChangeSet, Evidence
from app.cache.stampede.lease import FleetLease
from app.concurrency.circuit_breaker import CircuitBreaker
from tests.support.cache.assembly import FakeVersions, spec_of

SPEC = spec_of()
KEY = SPEC.key
STALE = ChangeSet(frozenset({"d1"}), added=False)


class Pipeline:
    """What is computed: numbered, so that one computation can be told from the next."""

    def __init__(self, versions: FakeVersions | None = None, evidence: bool = True) -> None:
        self.versions = versions
        self.evidence = evidence
        self.runs = 0
        self.error: Exception | None = None
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self) -> Computed[dict[str, Any]]:
        self.runs += 1
        run = self.runs
        version = 1 if self.versions is None else self.versions.heard.get(1, 0)
        await self.go.wait()
        if self.error is not None:
            raise self.error
        evidence = Evidence(version, documents=("d1",)) if self.evidence else None
        return Computed({"run": run}, evidence, tokens=10)


class Tier(MemoryCache[bytes]):
    """A shared tier in memory."""

    def __init__(self, name: str = "l2", **options: Any) -> None:
        super().__init__(weigh=len, **options)
        self.name = name


def run_of(cached: CacheResult[Any] | None) -> Any:
    assert cached is not None
    return cached.value["run"]


class MemoryLeases:
    """A `LeaseStore` in memory that can be told to fail."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken
        self.holders: dict[str, str] = {}
        self.extended = 0
        self.lost = False

    def _answer(self) -> None:
        if self.broken:
            raise ConnectionError("gone")

    async def acquire(self, name: str, token: str, ttl: float) -> bool:
        self._answer()
        return self.holders.setdefault(name, token) == token

    async def extend(self, name: str, token: str, ttl: float) -> bool:
        self._answer()
        self.extended += 1
        return not self.lost

    async def release(self, name: str, token: str) -> None:
        self._answer()
        if self.holders.get(name) == token:
            del self.holders[name]


def fleet(*stores: MemoryLeases, wait: float = 5, ttl: float = 5) -> FleetLease:
    breakers = [(store, CircuitBreaker(threshold=1, cooldown=1000)) for store in stores]
    return FleetLease(breakers, wait=wait, ttl=ttl, poll=(0.001, 0.005))
