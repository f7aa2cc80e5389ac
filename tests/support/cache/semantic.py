"""Matching by meaning in tests: vectors that mean something, and thresholds that are in force at once."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.cache.semantic.calibration import Decision
from app.cache.semantic.language.question import read
from app.cache.semantic.observations import Label, Segment
from app.cache.semantic.postgres_observations import PostgresObservations
from app.domain.documents import Collection
from app.domain.retrieval import Vector
from app.services.semantic.cache import SemanticCache
from tests.support.cache.replicas import Replica
from tests.support.ingestion import Desk

ASKED = "How do I buy an annual railway ticket?"
SAME = "How can one purchase a railway ticket, annual?"


def word_vector(text: str, dimension: int) -> Vector:
    """Texts with the same words of meaning, or synonyms of them, have the same vector."""
    total = np.zeros(dimension)
    for stem in sorted(set(read(text).content)):
        seed = int.from_bytes(hashlib.sha256(stem.encode()).digest()[:4])
        total += np.random.default_rng(seed).normal(size=len(total))
    norm = float(np.linalg.norm(total))
    vector: Vector = (total / norm if norm else np.eye(len(total))[0]).astype("<f4")
    return vector


async def embed_by_words(collection: Collection, text: str) -> Vector:
    return word_vector(text, collection.space.dimension)


def matching_of(replica: Replica) -> SemanticCache:
    assert isinstance(replica.matching, SemanticCache)
    return replica.matching


@dataclass
class Served:
    """A replica that serves by meaning, with the desk that changes its documents."""

    desk: Desk
    replica: Replica
    semantics: PostgresObservations

    @property
    def matching(self) -> SemanticCache:
        return matching_of(self.replica)

    async def learned(self) -> None:
        """Wait until everything asked so far is learned from and written down."""
        await self.matching.drain()
        await self.matching.thresholds.turn()

    async def segment(self, namespace: str = "retrieval") -> Segment:
        await self.learned()
        return next(each.segment for each in await self.semantics.observed() if each.segment.namespace == namespace)

    async def serve_from(self, threshold: float, namespace: str = "retrieval") -> None:
        """Put a threshold in force as if it had been calibrated."""
        digest = (await self.segment(namespace)).digest
        observed = next(each for each in await self.semantics.observed() if each.segment.digest == digest)
        await self.semantics.decide(observed, Decision(threshold, "by the test"))
        await self.matching.thresholds.turn()

    async def labels(self, namespace: str = "retrieval") -> list[Label]:
        digest = (await self.segment(namespace)).digest
        right, wrong = [
            await self.semantics.examples(digest, correct=correct, limit=100) for correct in (True, False)
        ]
        return right + wrong

    async def add(self, text: str, filename: str) -> None:
        await self.desk.add(text, filename)
        await self.replica.heard()


@asynccontextmanager
async def open_served(
    database_url: str, valkey_url: str, mode: str = "serve", **options: Any
) -> AsyncIterator[Served]:
    async with AsyncExitStack() as stack:
        desk = await Desk.open(database_url)
        stack.push_async_callback(desk.database.close)
        desk.embedder.vector = word_vector
        replica = await Replica.open(
            stack, database_url, valkey_url, embed_by_words, semantic_cache_mode=mode, **options
        )
        semantics = PostgresObservations(replica.cache.admin_pool)
        matching_of(replica).checked = 0.0
        matching_of(replica).timeout = 10
        served = Served(desk, replica, semantics)
        await served.add("Annual railway tickets are sold at the counter.\nDogs ride free.", "tickets.txt")
        await replica.heard()
        yield served
