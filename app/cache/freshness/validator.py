"""Whether a record may be served at this moment, by the version its collection is at."""

from dataclasses import dataclass, replace

from app.cache.backend import CacheKey
from app.cache.entry import CacheEntry
from app.cache.evidence import Evidence, Freshness
from app.cache.freshness.corpus_versions import VersionSource
from app.cache.freshness.guard import FreshnessGuard
from app.concurrency.single_flight import SingleFlight
from app.concurrency.timeouts import lag_tolerant_timeout


@dataclass(frozen=True, slots=True)
class Validation:
    """`record` is carried forward to the current version if that is what made it fresh."""

    standing: Freshness
    record: CacheEntry
    carried: bool = False


class FreshnessValidator:
    """Compares versions, and asks the guard when a record is behind. One check may take `timeout` seconds."""

    def __init__(self, versions: VersionSource, guard: FreshnessGuard, *, timeout: float = 0.1) -> None:
        self._versions = versions
        self._guard = guard
        self._timeout = timeout
        self._checks: SingleFlight[Freshness] = SingleFlight()

    def settled(self, key: CacheKey, record: CacheEntry) -> bool:
        """Whether the record is fresh by what is known without asking anyone."""
        if record.evidence is None or key.collection is None:
            return True
        return self._versions.known(key.collection) == record.evidence.corpus_version

    async def version(self, key: CacheKey) -> int | None:
        """Return the version of the key's collection, None if it has none or cannot be asked."""
        return None if key.collection is None else await self._versions.current(key.collection)

    async def judge(self, key: CacheKey, record: CacheEntry) -> Validation:
        evidence, collection = record.evidence, key.collection
        if evidence is None or collection is None:
            return Validation(Freshness.FRESH, record)
        current = await self._versions.current(collection)
        if current is not None and evidence.corpus_version > current:
            # Another replica has heard of a change before us, or the database was restored from a backup.
            current = await self._versions.ask(collection)
        if current is None:
            return Validation(Freshness.UNPROVEN, record)
        if evidence.corpus_version > current:
            return Validation(Freshness.STALE, record)
        if evidence.corpus_version == current:
            return Validation(Freshness.FRESH, record)
        standing = await self._check(key.digest, collection, evidence, current)
        if standing is Freshness.FRESH:
            record = replace(record, evidence=replace(evidence, corpus_version=current))
        return Validation(standing, record, carried=standing is Freshness.FRESH)

    async def close(self) -> None:
        await self._checks.close()

    async def _check(self, digest: str, collection: int, evidence: Evidence, upto: int) -> Freshness:
        check = (digest, evidence.corpus_version, upto)
        try:
            return await self._checks.run(check, lambda: self._assess(collection, evidence, upto))
        except Exception:  # noqa: BLE001 - a check that fails proves nothing
            return Freshness.UNPROVEN

    async def _assess(self, collection: int, evidence: Evidence, upto: int) -> Freshness:
        async with lag_tolerant_timeout(self._timeout):
            return await self._guard.assess(collection, evidence, upto)
