"""The composition root of the ingestion worker, as `app.lifespan` is the API's."""

import asyncio
import signal
from contextlib import AsyncExitStack
from importlib.metadata import version

from app.concurrency.background import run_for_lifetime
from app.ingestion.queue.worker import HEARTBEAT_TIMEOUT
from app.observers.sampling import GaugeSampler
from app.services.operations.housekeeping import HousekeepingService
from app.settings import Settings
from app.telemetry.event_loop import sample_lag
from app.telemetry.exposition import served
from app.telemetry.logging import configure_logging
from app.telemetry.metrics import Metrics
from app.telemetry.tracing import Tracing
from app.wiring import gc_tuning
from app.wiring.core import open_core
from app.wiring.ingestion import DOCUMENTS_AT_ONCE, open_queue_worker


async def run_worker(settings: Settings, *, heartbeat_timeout: float = HEARTBEAT_TIMEOUT) -> None:
    """Work until SIGTERM or SIGINT, then hand back the jobs that are unfinished."""
    configure_logging(settings.log_level, settings.log_format, service="worker")
    metrics = Metrics(version("localchat"), enabled=settings.enable_perf_metrics)
    tracing = Tracing.to(settings.otel_exporter_otlp_endpoint, service="worker", version=version("localchat"))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, tracing.close)
        if settings.worker_metrics_port is not None:
            await stack.enter_async_context(
                served(metrics.registry, host=settings.host, port=settings.worker_metrics_port)
            )
        core = await open_core(settings, stack, metrics, connections=2 * DOCUMENTS_AT_ONCE + 2)
        queue = open_queue_worker(core, tracing, heartbeat_timeout=heartbeat_timeout)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, queue.stop)
        housekeeping = HousekeepingService(core.database, cache_table=settings.l3_cache_table)
        gauges = [GaugeSampler(metrics, core.database, core.client).run()] if metrics.enabled else []
        for loop in (housekeeping.run(), sample_lag(metrics.event_loop_lag.observe), *gauges):
            run_for_lifetime(stack, loop)
        gc_tuning.freeze()
        await queue.run()
