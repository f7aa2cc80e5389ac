"""What people think of answers."""

from collections.abc import Callable
from typing import Literal
from uuid import UUID

from app.db import feedback
from app.db.database import Database

# "wrong_hit": the answer came from the cache and belongs to another question.
Verdict = Literal["up", "down", "wrong_hit"]


class FeedbackService:
    """Stores verdicts. `observe` is told each one."""

    def __init__(self, database: Database, *, observe: Callable[[Verdict], None] = lambda _verdict: None) -> None:
        self._database = database
        self._observe = observe

    async def record(self, tenant: str, query_id: UUID, verdict: Verdict, comment: str = "") -> UUID:
        """Returns the id of what was stored."""
        async with self._database.connection() as connection:
            stored = await feedback.insert(connection, tenant, query_id, verdict, comment)
        self._observe(verdict)
        return stored
