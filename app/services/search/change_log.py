"""The history of a collection, for the freshness of cached results."""

import numpy as np

from app.cache.evidence import ArmEvidence, ChangeSet, Evidence
from app.db.database import Database
from app.db.lifecycle import changes
from app.db.search import lexical_index
from app.db.search.filters import predicate_of
from app.domain.retrieval import Vector
from app.services.search.serialization import plan_from_plain

# An index scan and a direct comparison may score the same chunk with different last bits.
SLACK = 1e-6

# Comparing more documents than this costs more than computing the result anew.
MOST_DOCUMENTS = 500


class CorpusChanges:
    """The cache's `ChangeLog`, in SQL: new chunks are scored by the same expressions as in a search."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def changes(self, collection: int, after: int, upto: int) -> ChangeSet | None:
        async with self._database.connection() as connection:
            history = await changes.between(connection, collection, after, upto)
        if len(history) != upto - after:
            return None
        if any(document is None or kind == "reindexed" for document, kind in history):
            return None
        return ChangeSet(
            documents=frozenset(str(document) for document, kind in history if kind != "added"),
            added=any(kind != "removed" for _, kind in history),
        )

    async def admits(self, collection: int, after: int, upto: int, evidence: Evidence) -> bool:
        async with self._database.connection() as connection:
            history = await changes.between(connection, collection, after, upto)
            documents = sorted({document for document, kind in history if document and kind != "removed"})
            if len(documents) > MOST_DOCUMENTS:
                return True
            where = predicate_of(evidence.filters)
            if where is not None:
                # The selectivity of a filter chooses the plan, and a change may alter it: any match counts.
                return await changes.any_matches(connection, documents, where)
            if evidence.vector is not None:
                nearest = await changes.nearest_of(
                    connection, int(evidence.parameters["space"]), documents, _vector(evidence.query_vector)
                )
                if _admitted(evidence.vector, nearest):
                    return True
            if evidence.lexical is None or evidence.parameters["plan"] is None:
                return False
            best = await lexical_index.best_of(connection, plan_from_plain(evidence.parameters["plan"]), documents)
            return _admitted(evidence.lexical, best)


def _admitted(arm: ArmEvidence, score: float | None) -> bool:
    return score is not None and arm.admits(score, SLACK)


def _vector(data: bytes) -> Vector:
    vector: Vector = np.frombuffer(data, dtype="<f4")
    return vector
