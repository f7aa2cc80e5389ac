"""What services ask of matching by meaning. The null object never finds anything."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from app.cache.entry import CacheResult
from app.cache.keys import KeySpec
from app.cache.semantic.observations import LabelVerdict
from app.domain.documents import Collection


@dataclass(frozen=True, slots=True)
class SemanticLookup:
    """A question that the exact cache may not be able to serve.

    Attributes:
        spec: the question in its partition.
        collection: whose model embeds it.
        recompute: makes its result afresh, for nobody who waits; None if that fails.
        same: whether a cached result would have done for a fresh one.
        supports: whether what is found for the question is what a cached result rests on; None if that cannot be
            told for less than computing the result.
    """

    spec: KeySpec
    collection: Collection
    recompute: Callable[[], Awaitable[Any]]
    same: Callable[[Any, Any], LabelVerdict]
    supports: Callable[[Any], Awaitable[bool]] | None = None


class Matching(Protocol):
    async def find(self, inquiry: SemanticLookup, /) -> CacheResult[Any] | None:
        """A fresh result of another question that may be served for this one."""

    def learn(self, inquiry: SemanticLookup, vector: bytes, fresh: Any, /) -> None:
        """Compare a result that had to be computed with what would have been served, while nobody waits."""


class NoMatching:
    """Neither finds nor learns anything."""

    async def find(self, _: SemanticLookup, /) -> CacheResult[Any] | None:
        return None

    def learn(self, *_: Any) -> None:
        pass
