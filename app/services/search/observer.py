"""What is told of a question on its way to an answer, and of a document on its way in.

Metrics attach here; nothing here knows of them. Calls are made on the event loop, so they must be quick; none of
them receives any text.
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from app.domain.retrieval import Retrieval, SearchMode
from app.telemetry import tracing


@dataclass(frozen=True, slots=True)
class AnswerReport:
    """How a question ended. Times are seconds since it was asked; `first_token` is None if no word came.

    `outcome` is answered, no_context, refused (the request was at fault), error or cancelled; `cache` is the tier
    that answered, or miss.
    """

    outcome: str
    cache: str
    model: str
    seconds: float
    first_token: float | None


class QuestionObserver:
    """Tells nobody of a question."""

    def stage(self, name: str) -> AbstractContextManager[object]:
        """Around a stage of a question that yields nothing meanwhile: it becomes a span."""
        return tracing.span(f"rag.{name}")

    def took(self, stage: str, seconds: float) -> None:
        """A stage that a span cannot be put around."""

    def searched(self, mode: SearchMode, retrieval: Retrieval) -> None:
        """A search that was not answered from the cache."""

    def prompted(self, tokens: int) -> None:
        """A prompt's length as the model counted it."""

    def cited(self, used: Sequence[int], invalid: int) -> None:
        """A finished answer cites the sources `used`; `invalid` references were taken out."""

    def answered(self, report: AnswerReport) -> None:
        """A question has ended, however it did."""


class IngestObserver:
    """Tells nobody of a document."""

    def stage(self, name: str) -> AbstractContextManager[object]:
        """Around a stage of one document: it becomes a span."""
        return tracing.span(f"ingest.{name}")

    def spent(self, stage: str, began: float, ended: float) -> None:
        """A stage that another process worked on. Both times are epoch seconds."""
        tracing.record(f"ingest.{stage}", began, ended)

    def chunks(self, operation: str, number: int) -> None:
        """So many chunks were inserted, reused (their vectors), failed or deleted, and it is committed."""

    def warned(self, kind: str) -> None:
        """A stored document has a warning of this kind."""

    def ended(self, status: str) -> None:
        """A document is indexed, unchanged, partial or failed."""

    def attempted(self, result: str) -> None:
        """An attempt at a job is ok, recovered (ok after another), to be made again (retry) or the last (dead)."""
