"""Clients that leave before they are answered: the work for them ends."""

from collections.abc import Awaitable
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from app.concurrency.abandonment import Abandoned, run_unless

T = TypeVar("T")


async def left(receive: Receive) -> None:
    """Return when the client has left. Its body must have been read: only this message can come after it."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def while_connected(request: Request, work: Awaitable[T]) -> T:
    """Return the result of `work`, which is cancelled when the client leaves.

    Raises:
        ClientDisconnect: the client left.
        Exception: whatever `work` raises.
    """
    try:
        return await run_unless(left(request.receive), work)
    except Abandoned as error:
        raise ClientDisconnect from error
