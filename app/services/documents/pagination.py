"""Where a list goes on: what its cursors say, and how a page is cut."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from app.domain.paging import Page
from app.errors import InvalidInput

T = TypeVar("T")


def id_of(cursor: str | None) -> UUID | None:
    """The id that a cursor stands for.

    Raises:
        InvalidInput: no list returned it.
    """
    try:
        return UUID(cursor) if cursor else None
    except ValueError as error:
        raise InvalidInput("cursor: not one that a list returned.") from error


def page_of(found: Sequence[T], limit: int, cursor: Callable[[T], object]) -> Page[T]:
    """The first `limit` of what was found, which is one more if there is another page.

    `cursor` tells where in the list an item stands.
    """
    items = tuple(found[:limit])
    return Page(items, str(cursor(items[-1])) if len(found) > limit else None)
