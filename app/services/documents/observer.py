"""Where metrics attach to the ingestion of documents. Nothing here knows of metrics."""

from contextlib import AbstractContextManager

from app.telemetry import tracing


class IngestObserver:
    """Records a span for each stage, and nothing else. Calls must be quick; none of them receives any text."""

    def stage(self, name: str) -> AbstractContextManager[object]:
        """Wraps a stage of one document."""
        return tracing.span(f"ingest.{name}")

    def spent(self, stage: str, began: float, ended: float) -> None:
        """A stage that another process worked on. Both times are epoch seconds."""
        tracing.record(f"ingest.{stage}", began, ended)

    def chunks(self, operation: str, number: int) -> None:
        """`number` chunks were inserted, reused (their vectors), failed or deleted, and that is committed."""

    def warned(self, kind: str) -> None:
        """A stored document has a warning of this kind."""

    def ended(self, status: str) -> None:
        """A document is indexed, unchanged, partial or failed."""

    def attempted(self, result: str) -> None:
        """An attempt at a job is ok, recovered (ok after another), to be made again (retry) or the last (dead)."""
