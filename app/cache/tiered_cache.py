"""The tiers as one cache: reads go from the fastest to the slowest, writes the other way."""

import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.cache.backend import EVERYTHING, BackendStats, CacheKey, EntryMetadata, Scope
from app.cache.backends.guarded import GuardedTier, TierEntry
from app.cache.backends.memory import MemoryCache
from app.cache.codec.envelope import EnvelopeCodec
from app.cache.entry import CacheEntry, CacheResult, CacheStatus, Computed, freeze
from app.cache.evidence import Evidence
from app.cache.freshness.invalidation import Invalidation, InvalidationBus
from app.cache.freshness.validator import FreshnessValidator
from app.cache.keys import KeySpec
from app.cache.postgres.eviction import HitCountBuffer
from app.cache.stampede.lease import ComputeLease
from app.cache.stats import CacheStats
from app.cache.tiered_reader import OutdatedEntry, TieredReader
from app.concurrency.background import Background
from app.errors import CacheUnavailable

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ChainPolicy:
    """Times in seconds.

    Attributes:
        l1_ttl: how long memory keeps an entry; the shared tiers have their own.
        jitter: each lifetime is cut by up to this share, so that entries made together do not expire together.
        budget: for looking into all shared tiers in one request.
        eager: an entry that has used this share of its life is computed anew while it is being served.
        patience: how long a request waits for the pipeline when it could be served an expired entry instead;
            None waits to the end. The computation finishes either way and fills the cache.
    """

    l1_ttl: float = 7 * 86_400.0
    jitter: float = 0.1
    budget: float = 0.06
    eager: float = 0.9
    patience: float | None = None


class TieredCache:
    """Memory and the shared tiers, from the fastest to the slowest. All of them fail open.

    `on_stored` receives the evidence of a result in the background, once the shared tiers have the result.
    """

    name = "chain"

    def __init__(
        self,
        memory: MemoryCache[CacheEntry],
        shared: Sequence[GuardedTier] = (),
        *,
        codec: EnvelopeCodec,
        validator: FreshnessValidator,
        stats: CacheStats,
        policy: ChainPolicy | None = None,
        bus: InvalidationBus | None = None,
        hit_counts: HitCountBuffer | None = None,
        background: Background | None = None,
        on_stored: Callable[[KeySpec, Evidence], Awaitable[None]] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.policy = policy or ChainPolicy()
        self.statistics = stats
        self.lifetimes = {memory.name: self.policy.l1_ttl} | {tier.name: tier.ttl for tier in shared}
        self._memory = memory
        self._shared = shared
        self._codec = codec
        self._bus = bus
        self._background = background or Background()
        self._on_stored = on_stored
        self._clock = clock
        self._wall = wall
        self.reader = TieredReader(
            memory,
            shared,
            validator=validator,
            codec=codec,
            stats=stats,
            background=self._background,
            hit_counts=hit_counts,
            l1_ttl=self.policy.l1_ttl,
            budget=self.policy.budget,
            clock=clock,
            wall=wall,
        )

    @property
    def is_shared(self) -> bool:
        """Whether other replicas see the stored results."""
        return bool(self._shared)

    async def remember(
        self,
        spec: KeySpec,
        computed: Computed[Any],
        *,
        seconds: float,
        lease: ComputeLease,
        replaces: bool = False,
        continues: OutdatedEntry | None = None,
    ) -> CacheResult[Any]:
        """Store a computed result: in memory now, in the shared tiers in the background, slowest first.

        `seconds`: the time that computing took. The lease is released once other replicas can find the result. With
        `replaces`, they then drop the old result from memory. A result that says the same as the entry that it
        `continues` has that entry's age and end. A result that is not to be kept is returned alone.
        """
        key = spec.key
        ttl = spec.ttl if continues is None else continues.left
        counters = self.statistics.of(key.namespace)
        counters.requests += 1
        counters.misses += 1
        if not computed.kept:
            await lease.release()
            value = freeze(computed.value)
            return CacheResult(value, CacheStatus.MISS, key.digest, corpus_version=computed.corpus_version)
        try:
            record, payload = self._seal(key, computed, seconds, ttl, continues)
        except BaseException:
            await lease.release()
            raise
        if continues is not None:
            counters.carried += 1
        self._memory.put(key, record, self._lifetime(self._memory.name, ttl))
        if not self._background.spawn(self._publish(spec, record, payload, ttl, lease, replaces=replaces)):
            counters.dropped += 1
            await lease.release()
        return CacheResult(record.value, CacheStatus.MISS, key.digest, corpus_version=record.corpus_version)

    async def clear(self, scope: Scope = EVERYTHING, *, tier: str | None = None) -> int:
        """Clear a scope in every tier, or in one; return how many entries the fullest of them gave up.

        Raises:
            CacheUnavailable: a tier could not be cleared. The others are cleared.
        """
        removed, failures = [0], {}
        for each in reversed(self._shared):
            if tier in (None, each.name):
                try:
                    removed.append(await each.clear(scope))
                except Exception as error:  # noqa: BLE001 - raised below, once the other tiers are cleared
                    failures[each.name] = error
        if tier in (None, self._memory.name):
            removed.append(self._memory.purge(scope))
            await self._announce(Invalidation(scope=scope))
        if failures:
            raise CacheUnavailable(
                f"Not cleared: {', '.join(failures)}, which did not answer; try again."
            ) from next(iter(failures.values()))
        return max(removed)

    async def usage(self) -> dict[str, BackendStats | None]:
        """Return the contents of each tier, None for one that does not answer."""
        held: dict[str, BackendStats | None] = {self._memory.name: await self._memory.stats()}
        for tier in self._shared:
            held[tier.name] = await tier.usage()
        return held

    def key_in_memory(self, digest: str) -> CacheKey | None:
        """Return the full key of an entry that memory holds."""
        found = self._memory.view(digest)
        return None if found is None else found[0]

    async def examine(self, key: CacheKey) -> list[TierEntry]:
        """Return the state of an entry in each tier. This counts as no use of the entry."""
        found = self._memory.view(key.digest)
        name = self._memory.name
        copies = [TierEntry(name) if found is None else TierEntry(name, found[1].value, found[1].deadline)]
        return copies + [await tier.examine(key) for tier in self._shared]

    def drop(self, invalidation: Invalidation) -> None:
        """Drop from memory the entries that another replica has removed."""
        if invalidation.digest is not None:
            self._memory.remove(invalidation.digest)
        if invalidation.scope is not None:
            self._memory.purge(invalidation.scope)

    async def drain(self) -> None:
        """Wait until the results computed so far are in the shared tiers."""
        await self._background.drain()

    async def close(self) -> None:
        await self._background.close()
        for tier in self._shared:
            await tier.close()
        await self._memory.close()

    def _seal(
        self,
        key: CacheKey,
        computed: Computed[Any],
        seconds: float,
        ttl: float | None,
        continues: OutdatedEntry | None,
    ) -> tuple[CacheEntry, bytes]:
        now = self._wall()
        longest = max(self.lifetimes.values())
        record = CacheEntry(
            value=computed.value,
            evidence=computed.evidence,
            created=now if continues is None else continues.record.created,
            expires=now + (longest if ttl is None else min(ttl, longest)),
            seconds=seconds,
            tokens=computed.tokens,
        )
        payload = self._codec.seal(key, record)
        return replace(record, value=freeze(computed.value), size=len(payload)), payload

    async def _publish(
        self,
        spec: KeySpec,
        record: CacheEntry,
        payload: bytes,
        ttl: float | None,
        lease: ComputeLease,
        *,
        replaces: bool,
    ) -> None:
        try:
            about = spec.about(record.corpus_version, record.created)
            stored = await self._write(spec.key, payload, about, ttl)
        finally:
            await lease.release()
        if replaces:
            await self._announce(Invalidation(digest=spec.key.digest))
        if stored and record.evidence is not None and self._on_stored is not None:
            await self._on_stored(spec, record.evidence)

    async def _write(self, key: CacheKey, payload: bytes, about: EntryMetadata, ttl: float | None) -> bool:
        stored = [
            await tier.write(key, payload, self._lifetime(tier.name, ttl), about) for tier in reversed(self._shared)
        ]
        return any(stored)

    def _lifetime(self, tier: str, ttl: float | None) -> float:
        longest = self.lifetimes[tier]
        life = longest if ttl is None else min(ttl, longest)
        return life * random.uniform(1 - self.policy.jitter, 1)  # noqa: S311 - spreads expiry

    async def _announce(self, invalidation: Invalidation) -> None:
        if self._bus is not None:
            try:
                await self._bus.publish(invalidation)
            except Exception as error:  # noqa: BLE001 - a reconnecting replica clears its memory anyway
                logger.warning("other replicas were not notified of a removal: %r", error)
