"""Texts that are being embedded in this process: whoever has an equal one waits for its vector."""

import asyncio
import time
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from app.domain.documents import EmbeddingSpace

# Seconds after which a text is embedded although another document's work claims to be about to.
PATIENCE = 120.0


def sharing(tenant: str, space: EmbeddingSpace) -> Hashable:
    """What all spaces have in common that may copy each other's vectors, as `spaces.find_equal` does."""
    if not space.digest:
        return tenant, space.id
    return tenant, space.model, space.digest, space.dimension, space.document_prefix


@dataclass(eq=False, slots=True)
class Claim:
    """`lease` embeds a text of its document, until the clock is at `expires` at the latest."""

    document_id: UUID
    lease: UUID
    expires: float
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class InFlightEmbeddings:
    """Who embeds a text claims it first, and lets go once its vector is stored or given up.

    A claim that is kept for too long, or by one whose document was taken over, is no reason to wait.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[Hashable, Claim] = {}

    def claim(self, key: Hashable, document_id: UUID, lease: UUID) -> Claim | None:
        """Claim a text. The claim of another, or the same holder's from before, if there is one that counts."""
        held = self._held.get(key)
        if held is not None:
            taken_over = held.document_id == document_id and held.lease != lease
            if held.expires > self._clock() and not taken_over:
                return held
            held.gone.set()
        self._held[key] = Claim(document_id, lease, self._clock() + PATIENCE)
        return None

    def let_go(self, keys: Iterable[Hashable], lease: UUID) -> None:
        for key in keys:
            held = self._held.get(key)
            if held is not None and held.lease == lease:
                held.gone.set()
                del self._held[key]

    async def wait(self, claim: Claim) -> None:
        """Return once a claim is let go of, or counts no more."""
        with suppress(TimeoutError):
            await asyncio.wait_for(claim.gone.wait(), claim.expires - self._clock())
