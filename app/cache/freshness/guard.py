"""Whether an entry still equals what a fresh computation would give, after documents have changed.

Retrieval ranks the candidates of each retriever, and everything after it sees only those. So a result can change
only if a document among its candidates changed, or if a new chunk would have ranked among them. Any doubt counts
as a change.
"""

from typing import Protocol

from app.cache.evidence import ChangeSet, Evidence, Freshness


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

        Raises what the change log raises when it cannot be asked.
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
