"""Invalidations: one replica removes entries from the shared tiers, the others drop them from memory."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from uuid import uuid4

from app.cache.backend import Scope


@dataclass(frozen=True, slots=True)
class Invalidation:
    """One digest, or a whole scope, to be dropped from memory."""

    digest: str | None = None
    scope: Scope | None = None


class InvalidationBus:
    """Sends invalidations as text, and reads those of other replicas."""

    def __init__(self, send: Callable[[str], Awaitable[None]]) -> None:
        self._send = send
        self._sender = uuid4().hex

    async def publish(self, invalidation: Invalidation) -> None:
        """Raise the error of `send`."""
        await self._send(json.dumps({"sender": self._sender, **asdict(invalidation)}))

    def read(self, payload: str) -> Invalidation | None:
        """Return another replica's invalidation, None for our own. Text that cannot be read drops everything."""
        try:
            message = json.loads(payload)
            if message["sender"] == self._sender:
                return None
            scope = message["scope"]
            return Invalidation(message["digest"], None if scope is None else Scope(**scope))
        except (ValueError, KeyError, TypeError):
            return Invalidation(scope=Scope())
