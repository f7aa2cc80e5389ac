"""The values of the chain: computed results, cached entries, and how a request may use them."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, NamedTuple, NoReturn, TypeVar
from uuid import UUID

from app.cache.evidence import Evidence

T = TypeVar("T")


class CacheControl(StrEnum):
    """How one request uses the cache. BYPASS neither reads nor writes; REFRESH writes only.

    WARM: a lookup by the cache warmer. Its hits are not counted in statistics, savings or popularity.
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
    """A fresh result with its evidence. Without evidence it rests on no corpus, and cannot go stale.

    `value` is made of plain builtins. `tokens`: the tokens that a later hit saves. `kept`: the result may be
    stored; else only the requests get it that wait for it.
    """

    value: T
    evidence: Evidence | None = None
    tokens: int = 0
    kept: bool = True

    @property
    def corpus_version(self) -> int | None:
        return None if self.evidence is None else self.evidence.corpus_version


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """A cached value. Times are epoch seconds; `seconds`: the time that computing took; `size` is in bytes.

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
    """The question whose result was served for another one. `query_id` names the stored record of this hit."""

    question: str
    similarity: float
    query_id: UUID


class CacheResult(NamedTuple, Generic[T]):
    """A result with where it came from. `tier` is None unless a tier answered; `expires_in` is in seconds.

    `matched` is set if the result was found by meaning: it belongs to another question, and so does `key`.

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
    """A dict for JSON encoders, which no reader can change for the others."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("a cached value is shared and cannot be changed")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


def freeze(value: Any) -> Any:
    """Return plain builtins made immutable, at every depth."""
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
    """Return frozen mappings as plain dicts, for the pickler. Tuples stay tuples."""
    if isinstance(value, dict):
        return {key: thaw(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple([thaw(item) for item in value])
    return value
