"""Whether a stored entry may be served now: by its collection's version, and by the changes since its own.

Retrieval ranks the candidates of each retriever, and everything after it sees only those. So a result can change
only if a document among its candidates changed, or if a new chunk would have ranked among them. Any doubt counts
as a change.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from app.cache.backend import CacheKey
from app.cache.entry import CacheEntry
from app.cache.evidence import ChangeSet, Evidence, Freshness
from app.cache.freshness.corpus_versions import VersionSource
from app.concurrency.single_flight import SingleFlight
from app.concurrency.timeouts import lag_tolerant_timeout


class ChangeLog(Protocol):
    """The history of a collection, as the database knows it."""

    async def changes(self, collection: int, after: int, upto: int) -> ChangeSet | None:
        """Return the changes in versions (after, upto], or None if that history is no longer complete."""

    async def admits(self, collection: int, after: int, upto: int, evidence: Evidence) -> bool:
        """Tell whether a chunk made visible in (after, upto] would have been a candidate of either retriever.

        A chunk that does not match `evidence.filters` would not. In doubt, return True.
        """


class FreshnessGuard:
    """Decides whether an entry can be carried forward to a later version of its collection."""

    def __init__(self, changes: ChangeLog) -> None:
        self._changes = changes

    async def assess(self, collection: int, evidence: Evidence, upto: int) -> Freshness:
        """Return FRESH only if the result at version `upto` is provably the one the evidence belongs to.

        Raises the change log's error if it does not answer.
        """
        after = evidence.corpus_version
        if after >= upto:
            return Freshness.FRESH
        changes = await self._changes.changes(collection, after, upto)
        if changes is None or not changes.documents.isdisjoint(evidence.documents):
            return Freshness.STALE
        if changes.added and await self._changes.admits(collection, after, upto, evidence):
            return Freshness.STALE
        return Freshness.FRESH


@dataclass(frozen=True, slots=True)
class Validation:
    """Whether `record` is fresh.

    `carried`: it was carried forward past changes to the current version. `renewable`: it is behind its collection,
    and not proven fresh; what is computed anew shows whether it still holds.
    """

    freshness: Freshness
    record: CacheEntry
    carried: bool = False
    renewable: bool = False


class FreshnessValidator:
    """Compares versions, and asks the guard about a record that is behind, for at most `timeout` seconds."""

    def __init__(self, versions: VersionSource, guard: FreshnessGuard, *, timeout: float = 0.1) -> None:
        self._versions = versions
        self._guard = guard
        self._timeout = timeout
        self._checks: SingleFlight[Freshness] = SingleFlight()

    def is_known_fresh(self, key: CacheKey, record: CacheEntry, statistics: str | None = None) -> bool:
        """Whether the record is fresh by versions that are known without asking Postgres."""
        evidence = record.evidence
        if evidence is None or key.collection is None:
            return True
        return self._versions.known(key.collection) == evidence.corpus_version and evidence.scored_by(statistics)

    async def version(self, key: CacheKey) -> int | None:
        """Return the version of the key's collection, None if it has none or cannot be asked."""
        return None if key.collection is None else await self._versions.current(key.collection)

    async def validate(self, key: CacheKey, record: CacheEntry, statistics: str | None = None) -> Validation:
        """Compare the record's version with its collection's, and check the changes in between.

        A record whose scores do not belong to the snapshot `statistics` is stale; None: to any.
        """
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
        if not evidence.scored_by(statistics):
            freshness = Freshness.STALE
        elif evidence.corpus_version == current:
            return Validation(Freshness.FRESH, record)
        else:
            freshness = await self._check(key.digest, collection, evidence, current)
        if freshness is not Freshness.FRESH:
            return Validation(freshness, record, renewable=True)
        return Validation(
            freshness, replace(record, evidence=replace(evidence, corpus_version=current)), carried=True
        )

    async def close(self) -> None:
        await self._checks.close()

    async def _check(self, digest: str, collection: int, evidence: Evidence, upto: int) -> Freshness:
        check = (digest, evidence.corpus_version, upto)
        try:
            return await self._checks.run(check, lambda: self._assess(collection, evidence, upto))
        except Exception:  # noqa: BLE001 - a failed check proves nothing
            return Freshness.UNPROVEN

    async def _assess(self, collection: int, evidence: Evidence, upto: int) -> Freshness:
        async with lag_tolerant_timeout(self._timeout):
            return await self._guard.assess(collection, evidence, upto)
