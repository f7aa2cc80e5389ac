"""Cursors: what a page hands out leads on to the next, and everything else is refused."""

from contextlib import suppress
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InvalidInput
from app.services.pagination import BIGINT, INTEGER, number_of, page_of, uuid_of


@given(st.lists(st.integers(0, BIGINT), unique=True).map(sorted), st.integers(1, 5))
def test_following_the_cursors_shows_every_item_once_and_in_order(ids: list[int], limit: int) -> None:
    seen: list[int] = []
    cursor = None
    while True:
        after = number_of(cursor)
        rows = [item for item in ids if after is None or item > after][: limit + 1]
        page = page_of(rows, limit, lambda item: item)
        seen += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ids


def test_a_cursor_of_ids_is_read_back() -> None:
    first, second = uuid4(), uuid4()
    page = page_of([first, second], 1, lambda item: item)
    assert uuid_of(page.next_cursor) == first
    assert uuid_of(None) is None


@pytest.mark.parametrize("cursor", ["", "-1", "1.0", "٣", "x", str(INTEGER + 1), "9" * 400])
def test_a_cursor_that_no_list_returned_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput, match="cursor:"):
        number_of(cursor, largest=INTEGER)


@given(st.text(min_size=1))
def test_text_that_is_no_id_is_refused(cursor: str) -> None:
    with suppress(InvalidInput):
        assert isinstance(uuid_of(cursor), UUID)
