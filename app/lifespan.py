"""The composition root of the API: builds the services from settings and hands them to the routes."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import FastAPI

from app.api.dependencies import Services
from app.api.mcp.server import mcp_sessions
from app.main import Lifespan
from app.settings import Settings
from app.telemetry.metrics import Metrics
from app.wiring import gc_tuning
from app.wiring.access import open_access
from app.wiring.answering import open_answering
from app.wiring.core import open_core
from app.wiring.documents import open_documents
from app.wiring.operations import open_operations

# Connections of the pool: a search holds one for each of its two retrievers, for milliseconds.
_CONNECTIONS = 16


def api_lifespan(settings: Settings, metrics: Metrics, *, draining: Callable[[], bool] = lambda: False) -> Lifespan:
    """Return the lifespan for `create_app`: it opens everything at the start, and closes it in reverse at the end.

    `draining` returns whether the process has been told to stop.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        async with AsyncExitStack() as stack:
            services = await _build(settings, metrics, stack, draining)
            sessions = await stack.enter_async_context(mcp_sessions())
            gc_tuning.freeze()
            yield {"services": services, "mcp": sessions}

    return lifespan


async def _build(
    settings: Settings, metrics: Metrics, stack: AsyncExitStack, draining: Callable[[], bool]
) -> Services:
    core = await open_core(settings, stack, metrics, connections=_CONNECTIONS)
    documents = open_documents(core)
    answering = open_answering(core, documents)
    operations = open_operations(core, draining)
    access = open_access(core, documents)
    return Services(
        documents=documents.documents,
        watcher=documents.watcher,
        collections=documents.collections,
        reindexes=documents.reindexes,
        search=answering.search,
        answers=answering.answers,
        conversations=answering.conversations,
        direct=answering.direct,
        experiments=answering.experiments,
        evaluations=answering.evaluations,
        feedback=answering.feedback,
        warming=answering.warming,
        matching=answering.matching,
        analytics=operations.analytics,
        plans=operations.plans,
        models=operations.models,
        cache=operations.cache,
        authentication=access.authentication,
        access=access.collections,
        keys=access.keys,
        limits=access.limits,
        health=operations.health,
        deep_health=operations.deep_health,
        metrics=metrics,
        worker_metrics=operations.worker_metrics,
        max_upload_bytes=settings.max_upload_bytes,
    )
