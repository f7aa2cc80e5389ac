from collections.abc import Iterator
from contextlib import contextmanager

from app.services.documents.observer import IngestObserver
from app.telemetry.instruments import timed
from app.telemetry.metrics import Metrics


class IngestMetrics(IngestObserver):
    """Documents, their chunks, and the stages of their ingestion."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        with super().stage(name), timed(self._metrics.ingest_stage_duration.labels(name)):
            yield

    def spent(self, stage: str, began: float, ended: float) -> None:
        super().spent(stage, began, ended)
        self._metrics.ingest_stage_duration.labels(stage).observe(max(0.0, ended - began))

    def chunks(self, operation: str, number: int) -> None:
        if number:
            self._metrics.ingest_chunks.labels(operation).inc(number)

    def warned(self, kind: str) -> None:
        self._metrics.ingest_warnings.labels(kind).inc()

    def ended(self, status: str) -> None:
        self._metrics.ingest_documents.labels(status).inc()

    def attempted(self, result: str) -> None:
        self._metrics.job_attempts.labels(result).inc()
