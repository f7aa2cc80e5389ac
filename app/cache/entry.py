"""What the chain holds and hands out: computed values, cached records, and how a request may use them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar
from uuid import UUID

from app.cache.evidence import Evidence

T = TypeVar("T")


class CacheControl(StrEnum):
    """How one request uses the cache. BYPASS neither reads nor writes; REFRESH writes only.

    WARM is USE by nobody: what is held already counts as no hit, saves nobody's time and is no more popular.
    """

    USE = "use"
    BYPASS = "bypass"
    REFRESH = "refresh"
    ONLY_IF_CACHED = "only-if-cached"
    WARM = "warm"


class CacheStatus(StrEnum):
    HIT = "hit"
    MISS = "miss"
    BYPASS = "bypass"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class Computed(Generic[T]):
    """A fresh result and what it rests on; `evidence` None rests on no corpus and cannot go stale.

    `value` is plain builtins. `tokens` is what a later hit saves.
    """

    value: T
    evidence: Evidence | None = None
    tokens: int = 0

    @property
    def corpus_version(self) -> int | None:
        return None if self.evidence is None else self.evidence.corpus_version


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """A cached value. Times are epoch seconds, `seconds` is what computing it took, `size` is in bytes.

    `value` is frozen: the same object is handed to every reader.
    """

    value: Any
    evidence: Evidence | None
    created: float
    expires: float
    seconds: float = 0.0
    tokens: int = 0
    size: int = 0

    @property
    def corpus_version(self) -> int | None:
        return None if self.evidence is None else self.evidence.corpus_version


class MatchedQuestion(NamedTuple):
    """The question whose result was served for another one. `query_id` is under what this was written down."""

    question: str
    similarity: float
    query_id: UUID


class CacheResult(NamedTuple, Generic[T]):
    """A result with where it came from. `tier` is None unless a tier answered; `expires_in` is in seconds.

    `matched` is set if it is the result of another question, found by meaning; `key` is that one's.

    A value from the cache is frozen: mappings are `FrozenDict`, sequences tuples, sets frozensets.
    """

    value: T
    status: CacheStatus
    key: str
    tier: str | None = None
    age_seconds: float = 0.0
    corpus_version: int | None = None
    expires_in: float = 0.0
    matched: MatchedQuestion | None = None


class FrozenDict(dict[Any, Any]):
    """A dict that JSON encoders take as one and that nobody can change for the other readers."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("a cached value is shared and cannot be changed")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


def freeze(value: Any) -> Any:
    """Make plain builtins immutable, all the way down."""
    kind = type(value)
    if kind is str or kind is float or kind is int:
        return value
    if kind is dict:
        return FrozenDict({key: freeze(item) for key, item in value.items()})
    if kind is list or kind is tuple:
        return tuple([freeze(item) for item in value])
    if kind is set:
        return frozenset(value)
    if kind is bytearray:
        return bytes(value)
    return value


def thaw(value: Any) -> Any:
    """Give frozen mappings back as plain dicts, for the pickler; tuples stay tuples."""
    if isinstance(value, dict):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple([thaw(item) for item in value])
    return value
