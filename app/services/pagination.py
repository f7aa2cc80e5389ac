"""Keyset pages: a page of a list, its cursor, and how both are made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from app.errors import InvalidInput

T = TypeVar("T")

# The largest values of Postgres' types.
INTEGER = 2**31 - 1
BIGINT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `next_cursor` is opaque, and None on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None = None


def page_of(found: Sequence[T], limit: int, cursor: Callable[[T], object]) -> Page[T]:
    """Cut the first `limit` rows of `found`, which has one more row if another page follows.

    `cursor` returns an item's place in the list.
    """
    items = tuple(found[:limit])
    return Page(items, str(cursor(items[-1])) if len(found) > limit else None)


def uuid_of(cursor: str | None) -> UUID | None:
    """Read the cursor of a list that is ordered by UUID.

    Raises:
        InvalidInput: no list returned it.
    """
    try:
        return UUID(cursor) if cursor else None
    except ValueError as error:
        raise _unknown() from error


def number_of(cursor: str | None, *, largest: int = BIGINT) -> int | None:
    """Read the cursor of a list that is ordered by a whole number of at most `largest`.

    Raises:
        InvalidInput: no list returned it.
    """
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= len(str(largest)) and int(cursor) <= largest):
        raise _unknown()
    return int(cursor)


def _unknown() -> InvalidInput:
    return InvalidInput("cursor: no list returned this one.")
