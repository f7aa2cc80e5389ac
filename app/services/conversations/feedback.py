"""Verdicts of people on answers."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from app.db.database import Database
from app.db.tables import feedback
from app.domain.conversations import GivenVerdict
from app.domain.query_ids import key_prefix
from app.errors import CacheUnavailable
from app.services.pagination import Page, page_of, uuid_of

# "wrong_hit": the answer came from the cache and belongs to another question.
Verdict = Literal["up", "down", "wrong_hit"]

_log = logging.getLogger(__name__)


class Evictor(Protocol):
    async def evict(self, tenant: str, digest: str) -> int:
        """Remove the entry whose key begins with `digest` everywhere. Raises CacheUnavailable if one remains."""


@dataclass(frozen=True, slots=True)
class StoredVerdict:
    """A verdict. `evicted`: it removed an entry from every tier."""

    id: UUID
    evicted: bool = False


class FeedbackService:
    """Stores verdicts. `observe` receives each one."""

    def __init__(
        self, database: Database, cache: Evictor, *, observe: Callable[[Verdict], None] = lambda _verdict: None
    ) -> None:
        self._database = database
        self._cache = cache
        self._observe = observe

    async def record(self, tenant: str, query_id: UUID, verdict: Verdict, comment: str = "") -> StoredVerdict:
        """Store a verdict.

        A `wrong_hit` removes the entry from every tier of every replica. If the hit was one by meaning, its two
        questions are stored as a pair that never matches again.
        """
        match = None
        async with self._database.transaction() as connection:
            stored = await feedback.insert(connection, tenant, query_id, verdict, comment)
            if verdict == "wrong_hit":
                match = await feedback.find_match(connection, tenant, query_id)
                if match is not None:
                    await feedback.remember_pair(connection, match)
        self._observe(verdict)
        if verdict != "wrong_hit":
            return StoredVerdict(stored)
        return StoredVerdict(stored, await self._evict(tenant, match.cache_key if match else key_prefix(query_id)))

    async def list(
        self, tenant: str, *, verdict: Verdict | None = None, limit: int = 50, cursor: str | None = None
    ) -> Page[GivenVerdict]:
        """Return verdicts with the questions that they are about, the newest first."""
        before = uuid_of(cursor)
        async with self._database.connection() as connection:
            found = await feedback.page(connection, tenant, verdict=verdict, before=before, limit=limit + 1)
        return page_of(found, limit, lambda item: item.id)

    async def _evict(self, tenant: str, digest: str | None) -> bool:
        if digest is None:
            return False
        try:
            return await self._cache.evict(tenant, digest) > 0
        except CacheUnavailable as error:
            # The verdict is stored; the caller learns that the entry was not removed.
            _log.warning("The entry of a wrong hit was not removed everywhere: %s", error)
            return False
