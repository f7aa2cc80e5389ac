"""Who asks, and what they may do and see."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Protocol
from uuid import UUID

DEFAULT_TENANT = "default"
EVERY_COLLECTION = ("*",)


class AccessScope(StrEnum):
    """What a caller may do.

    READ is to search, to ask and to read documents; WRITE to change documents and collections; ADMIN to look after
    a tenant: its keys, cache, experiments and audit log. OPERATOR is for the whole service: models, statements, and
    statistics that count all tenants. It opens no document.
    """

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"
    OPERATOR = "operator"


_INCLUDES = {
    AccessScope.READ: frozenset({AccessScope.READ}),
    AccessScope.WRITE: frozenset({AccessScope.READ, AccessScope.WRITE}),
    AccessScope.ADMIN: frozenset({AccessScope.READ, AccessScope.WRITE, AccessScope.ADMIN}),
    AccessScope.OPERATOR: frozenset({AccessScope.OPERATOR}),
}
EVERY_SCOPE = frozenset(AccessScope)


def with_included(scopes: Iterable[AccessScope]) -> frozenset[AccessScope]:
    """The scopes with those that they include: `write` includes `read`, and `admin` both."""
    return frozenset[AccessScope]().union(*(_INCLUDES[scope] for scope in scopes))


class Guarded(Protocol):
    """A collection, as far as access to it goes. None: everybody of the tenant."""

    @property
    def name(self) -> str: ...
    @property
    def readers(self) -> Sequence[str] | None: ...
    @property
    def writers(self) -> Sequence[str] | None: ...


@dataclass(frozen=True, slots=True)
class CollectionReach:
    """Who may read and write a collection, by group or `key:LABEL`; None for everybody of its tenant."""

    id: int
    name: str
    readers: tuple[str, ...] | None
    writers: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes:
        tenant: whose data it is about.
        name: the label of the key, or the user of a token; empty if nobody is asked for.
        scopes: with the included ones.
        collections: names and patterns (`*`, `?`) of the collections within reach.
        groups: those that the caller belongs to, and `key:LABEL` of a key: what readers and writers are named by.
        key: the id of the API key, if there is one.
        valid_until: epoch seconds, after which it has to be verified again.
    """

    tenant: str
    name: str = ""
    scopes: frozenset[AccessScope] = EVERY_SCOPE
    collections: tuple[str, ...] = EVERY_COLLECTION
    groups: frozenset[str] = frozenset()
    key: UUID | None = None
    valid_until: float = math.inf

    def may(self, scope: AccessScope) -> bool:
        return scope in self.scopes

    @property
    def sees_all(self) -> bool:
        """Whether every collection of the tenant is open: an admin's are."""
        return AccessScope.ADMIN in self.scopes

    def reaches(self, collection: str) -> bool:
        """Whether a collection of this name is within reach, be it there or not."""
        if self.sees_all or self.collections == EVERY_COLLECTION:
            return True
        return any(fnmatchcase(collection, pattern) for pattern in self.collections)

    def reads(self, collection: "Guarded") -> bool:
        """Whether the caller may read a collection."""
        if self.sees_all:
            return True
        return self.reaches(collection.name) and (
            collection.readers is None or self._is_of(collection.readers) or self._is_of(collection.writers)
        )

    def writes(self, collection: "Guarded") -> bool:
        """Whether the caller may change a collection, having the scope for it."""
        if self.sees_all:
            return True
        if collection.writers is None:
            return self.reads(collection)
        return self.reaches(collection.name) and self._is_of(collection.writers)

    def _is_of(self, named: Sequence[str] | None) -> bool:
        return named is not None and not self.groups.isdisjoint(named)


# Everybody, while no authentication is asked for.
ANYBODY = Caller(DEFAULT_TENANT)
