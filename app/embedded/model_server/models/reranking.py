"""Reranking models: a query and documents in, a score for each document out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from app.embedded.model_server.runtime.residency import Residency
from app.embedded.model_server.runtime.scheduling import SlotScheduler


@dataclass(frozen=True, slots=True)
class Relevance:
    """How well a document answers a query, from 0 to 1, and the tokens that the model read for it."""

    score: float
    tokens: int


class PairScorer(Protocol):
    async def score(self, query: str, document: str) -> Relevance: ...

    async def close(self) -> None: ...


class RerankingModel:
    """One reranking model with the slots that its requests share."""

    def __init__(self, residency: Residency[PairScorer], scheduler: SlotScheduler) -> None:
        self.residency = residency
        self.scheduler = scheduler

    async def rerank(self, query: str, documents: Sequence[str], *, keep_alive: float) -> list[Relevance]:
        """Score the documents, in their order."""
        async with self.residency.use(keep_alive) as lease:
            return await self.scheduler.run_all(
                [partial(lease.engine.score, query, document) for document in documents]
            )
