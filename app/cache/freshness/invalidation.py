"""What replicas tell each other: that an entry or a scope is gone from the shared tiers."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from uuid import uuid4

from app.cache.backend import Scope


@dataclass(frozen=True, slots=True)
class Invalidation:
    """Either one digest or a whole scope is to be dropped from memory."""

    digest: str | None = None
    scope: Scope | None = None


class InvalidationBus:
    """Turns notices into text for `send` and back, and knows its own echo."""

    def __init__(self, send: Callable[[str], Awaitable[None]]) -> None:
        self._send = send
        self._sender = uuid4().hex

    async def publish(self, notice: Invalidation) -> None:
        """Raises whatever `send` raises."""
        await self._send(json.dumps({"sender": self._sender, **asdict(notice)}))

    def read(self, payload: str) -> Invalidation | None:
        """Return another replica's notice; None for our own. What cannot be read drops everything."""
        try:
            message = json.loads(payload)
            if message["sender"] == self._sender:
                return None
            scope = message["scope"]
            return Invalidation(message["digest"], None if scope is None else Scope(**scope))
        except (ValueError, KeyError, TypeError):
            return Invalidation(scope=Scope())
