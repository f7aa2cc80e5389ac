"""Where answers are looked up before they are made. The null object makes every one."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from app.domain.answers import Event
from app.errors import NotCached
from app.services.answering.pipeline import AnswerPipeline, AnswerQuery, Clock


@dataclass(frozen=True, slots=True)
class OpenedAnswer:
    """The events of an answer after its `start`, and what `start` says of the cache.

    `query_id` is given by a cache that has written down what it belongs to; otherwise the key makes one.
    """

    cache: Mapping[str, Any]
    events: AsyncGenerator[Event, None]
    query_id: UUID | None = None


class AnswerCache(Protocol):
    async def open(
        self, asked: AnswerQuery, pipeline: AnswerPipeline, clock: Clock, *, control: str, semantic: bool = False
    ) -> OpenedAnswer:
        """Find the answer, or have the pipeline make it; the caller closes `events`.

        Args:
            asked: the question, complete.
            pipeline: makes the answer.
            clock: when the question came.
            control: use, bypass, refresh or only-if-cached.
            semantic: the answer to another question may do, if it means the same.

        Raises:
            NotCached: `only-if-cached`, and it is not.
        """


class NullAnswerCache:
    """Holds nothing."""

    async def open(
        self, asked: AnswerQuery, pipeline: AnswerPipeline, clock: Clock, *, control: str, **_semantic: bool
    ) -> OpenedAnswer:
        if control == "only-if-cached":
            raise NotCached("The cache holds no answer to this question.")
        status = "bypass" if control == "bypass" else "miss"
        return OpenedAnswer({"status": status, "tier": None}, pipeline.run(asked, clock))
