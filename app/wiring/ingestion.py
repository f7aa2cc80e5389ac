"""Builds the worker: reading, splitting and embedding documents, moving collections, and housekeeping."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import asyncpg
from opentelemetry.trace import Tracer

from app.ingestion.loaders.loader import DocumentLoader
from app.ingestion.loaders.recognition.settings import LanguageMissing, RecognitionSettings
from app.ingestion.queue.jobs import messaging
from app.ingestion.queue.worker import QueueWorker
from app.ingestion.splitting.splitter import embedding_text
from app.observers.ingestion import IngestMetrics
from app.services.ingestion.reindexer import Reindexer
from app.services.ingestion.service import IngestService
from app.services.search.lexeme_statistics import LexemeStatistics
from app.settings import Settings, SettingsError
from app.telemetry import correlation
from app.telemetry.tracing import Tracing, consumed
from app.wiring.core import Core

# Documents in work at once: enough that one is read while another is embedded.
DOCUMENTS_AT_ONCE = 4


def open_queue_worker(core: Core, tracing: Tracing, *, heartbeat_timeout: float) -> QueueWorker:
    """Build the queue's worker with its two handlers; nothing runs before its `run`."""
    observer = IngestMetrics(core.metrics)
    loader = DocumentLoader(
        recognition=recognition_of(core.settings),
        on_stage=observer.spent,
    )
    core.stack.push_async_callback(loader.close)
    ingestion = IngestService(
        core.database,
        loader,
        core.embedding,
        embedding_text=embedding_text,
        refresh_statistics=LexemeStatistics(core.database).refresh,
        observer=observer,
    )
    return QueueWorker(
        lambda: asyncpg.connect(core.session_url, timeout=5),
        ingestion.ingest,
        reindex=Reindexer(core.database, core.embedding, embedding_text=embedding_text).reindex,
        within=_correlation(core, tracing),
        on_attempt=observer.attempted,
        concurrency=DOCUMENTS_AT_ONCE,
        heartbeat_timeout=heartbeat_timeout,
    )


def recognition_of(settings: Settings) -> RecognitionSettings | None:
    """How pictures are recognised; None if they are not.

    Raises:
        SettingsError: there are no data for a language.
    """
    if not settings.ocr_enabled:
        return None
    recognition = RecognitionSettings(
        settings.ocr_languages, settings.ocr_data_dir, settings.ocr_seconds_per_page, settings.ocr_max_pages
    )
    try:
        recognition.check()
    except LanguageMissing as error:
        raise SettingsError(f"OCR_LANGUAGES: {error}") from error
    return recognition


def _correlation(core: Core, tracing: Tracing) -> Callable[[str, Mapping[str, str]], AbstractContextManager[None]]:
    sample = core.settings.otel_traces_sampler_arg if tracing.provider else 0.0
    return partial(_correlated, tracing.tracer, sample)


@contextmanager
def _correlated(tracer: Tracer | None, sample: float, queue: str, asked: Mapping[str, str]) -> Iterator[None]:
    """Work on a job under the ids, and in the trace, of the request that enqueued it.

    The ids stay bound to the job's own task, since the queue logs how the job ended.
    """
    ids = correlation.correlate(asked.get("traceparent"), asked.get("x-request-id"), sample=sample)
    correlation.bind(ids)
    if tracer is None or not ids.sampled:
        yield
        return
    with consumed(tracer, f"process {queue}", asked, messaging(queue, "process")):
        correlation.bind(correlation.joined(ids))
        yield
