"""The interface of matching by meaning, with a null object that finds nothing."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from app.cache.entry import CacheResult
from app.cache.keys import KeySpec
from app.cache.semantic.observations import LabelVerdict
from app.domain.documents import Collection


@dataclass(frozen=True, slots=True)
class SemanticLookup:
    """A question that the exact cache may miss.

    Attributes:
        spec: the question in its partition.
        collection: its model embeds the question.
        recompute: computes the result anew in the background; returns None if that fails.
        same: labels a cached result by a fresh one.
        supports: whether a cached result rests on the passages of the question; None if finding that out costs as
            much as the result itself.
    """

    spec: KeySpec
    collection: Collection
    recompute: Callable[[], Awaitable[Any]]
    same: Callable[[Any, Any], LabelVerdict]
    supports: Callable[[Any], Awaitable[bool]] | None = None


class Matching(Protocol):
    async def find(self, inquiry: SemanticLookup, /) -> CacheResult[Any] | None:
        """Return a fresh result of another question that may be served for this one."""

    def learn(self, inquiry: SemanticLookup, vector: bytes, fresh: Any, /) -> None:
        """Compare a computed result with the match that would have been served, in the background."""


class NoMatching:
    """Finds nothing, and learns nothing."""

    async def find(self, _: SemanticLookup, /) -> CacheResult[Any] | None:
        return None

    def learn(self, *_: Any) -> None:
        pass
