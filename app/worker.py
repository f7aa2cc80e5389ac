"""The ingestion worker as a process: built here from settings, as the API is in `app.lifespan`."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from functools import partial
from importlib.metadata import version

import asyncpg
from opentelemetry.trace import Tracer

from app.db.database import Database
from app.db.operations.slow_statements import SlowStatements
from app.ingestion.loaders.loader import DocumentLoader
from app.ingestion.queue.jobs import messaging
from app.ingestion.queue.worker import HEARTBEAT_TIMEOUT, QueueWorker
from app.ingestion.splitting.splitter import SplitterConfig, embedding_text
from app.observers.cache import CacheMetrics
from app.observers.ingestion import IngestMetrics
from app.observers.models import ModelMetrics
from app.observers.sampling import GaugeSampler
from app.ollama.client import OllamaClient
from app.services.ingestion.reindexer import Reindexer
from app.services.ingestion.service import IngestService
from app.services.operations.cross_process_priority import cross_process_priority
from app.services.operations.housekeeping import HousekeepingService
from app.services.operations.reporting import reporting
from app.services.search.embedding import EmbeddingService
from app.services.search.embedding_cache import EmbeddingCache
from app.services.search.lexeme_statistics import LexemeStatistics
from app.settings import Settings
from app.telemetry import correlation
from app.telemetry.event_loop import sample_lag
from app.telemetry.exposition import served
from app.telemetry.logging import configure_logging
from app.telemetry.metrics import Metrics
from app.telemetry.tracing import Tracing, consumed
from app.wiring import gc_tuning
from app.wiring.cache import open_cache

# Documents in work at once: enough that one is being read while another is being embedded.
DOCUMENTS_AT_ONCE = 4


async def run_worker(settings: Settings, *, heartbeat_timeout: float = HEARTBEAT_TIMEOUT) -> None:
    """Work until SIGTERM or SIGINT, then hand back what is unfinished."""
    assert settings.database_url is not None
    url = settings.database_url
    configure_logging(settings.log_level, settings.log_format, service="worker")
    metrics = Metrics(version("localchat"), enabled=settings.enable_perf_metrics)
    tracing = Tracing.to(settings.otel_exporter_otlp_endpoint, service="worker", version=version("localchat"))
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, tracing.close)
        if settings.worker_metrics_port is not None:
            await stack.enter_async_context(
                served(metrics.registry, host=settings.host, port=settings.worker_metrics_port)
            )
        slow = SlowStatements(settings.slow_query_threshold)
        database = await Database.connect(
            url,
            min_size=0,
            max_size=2 * DOCUMENTS_AT_ONCE + 2,
            on_acquire=metrics.pool_acquire.observe,
            observe=slow.note,
        )
        stack.push_async_callback(database.close)
        client = OllamaClient(
            settings.ollama_base_url,
            max_concurrency=settings.batch_max_workers,
            headers=correlation.headers,
            observer=ModelMetrics(metrics),
        )
        stack.push_async_callback(client.aclose)
        await stack.enter_async_context(cross_process_priority(url, client))
        cache = await open_cache(
            settings, database, stack, observer=CacheMetrics(metrics) if metrics.enabled else None
        )
        await stack.enter_async_context(reporting(database, slow, cache.chain.statistics.totals))
        embedding = EmbeddingService(
            client,
            EmbeddingCache(cache.chain),
            batch_size=settings.batch_size,
            max_chars=settings.batch_max_chars,
            max_workers=settings.batch_max_workers,
        )
        observer = IngestMetrics(metrics)
        loader = DocumentLoader(SplitterConfig(model=settings.embedding_model), on_stage=observer.spent)
        stack.push_async_callback(loader.close)
        statistics = LexemeStatistics(database)
        ingestion = IngestService(
            database,
            loader,
            embedding,
            embedding_text=embedding_text,
            refresh_statistics=statistics.refresh,
            observer=observer,
        )

        reindexer = Reindexer(database, embedding, embedding_text=embedding_text)
        queue = QueueWorker(
            lambda: asyncpg.connect(url, timeout=5),
            ingestion.ingest,
            reindex=reindexer.reindex,
            within=partial(
                _correlated, tracing.tracer, settings.otel_traces_sampler_arg if tracing.provider else 0.0
            ),
            on_attempt=observer.attempted,
            concurrency=DOCUMENTS_AT_ONCE,
            heartbeat_timeout=heartbeat_timeout,
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, queue.stop)
        gauges = [GaugeSampler(metrics, database, client).run()] if metrics.enabled else []
        housekeeping = HousekeepingService(database, cache_table=settings.l3_cache_table)
        for work in (housekeeping.run(), sample_lag(metrics.event_loop_lag.observe), *gauges):
            await stack.enter_async_context(_aside(work))
        gc_tuning.freeze()
        await queue.run()


@contextlib.asynccontextmanager
async def _aside(work: Coroutine[object, object, None]) -> AsyncIterator[None]:
    """Do `work`, which does not end by itself, while the block runs."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@contextlib.contextmanager
def _correlated(tracer: Tracer | None, sample: float, queue: str, asked: Mapping[str, str]) -> Iterator[None]:
    """Work on a job under the ids, and in the trace, of the request that asked for it.

    The ids stay bound to the job's own task, since the queue logs how it ended.
    """
    ids = correlation.correlate(asked.get("traceparent"), asked.get("x-request-id"), sample=sample)
    correlation.bind(ids)
    if tracer is None or not ids.sampled:
        yield
        return
    with consumed(tracer, f"process {queue}", asked, messaging(queue, "process")):
        correlation.bind(correlation.joined(ids))
        yield
