"""The application: routes, middleware and error handlers, put together without touching anything outside."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from app.api.compatible import ollama_routes, openai_completions, openai_embeddings, openai_responses
from app.api.docs import add_docs
from app.api.fast_path.cached_response import CachedResponseMiddleware
from app.api.fast_path.metrics import fast_hits, instrument
from app.api.mcp.server import add_mcp
from app.api.middleware.access import AccessMiddleware
from app.api.middleware.cors import with_cors
from app.api.middleware.disconnect import ClientDisconnectMiddleware
from app.api.middleware.head import HeadMiddleware
from app.api.middleware.limits import BodyLimitMiddleware
from app.api.middleware.prefix import PrefixMiddleware
from app.api.middleware.request_context import RequestContextMiddleware
from app.api.middleware.trace_context import TraceContextMiddleware, TracedFastAPI
from app.api.middleware.trusted_origin import OriginPolicy, TrustedOriginMiddleware
from app.api.openapi import DESCRIPTION, TAGS, describe, problems
from app.api.page import add_page
from app.api.problems import add_problem_handlers
from app.api.routers import (
    analytics,
    cache,
    collections,
    contents,
    conversations,
    documents,
    evaluations,
    experiments,
    models,
    operations,
)
from app.api.routers.access import keys
from app.api.routers.chat import add_chat
from app.api.routers.search import add_search, search_hit
from app.settings import Settings
from app.telemetry.access import AccessLog
from app.telemetry.metrics import Metrics
from app.telemetry.tracing import Tracing

# Where `make page` puts what it builds.
_PAGE = Path(__file__).with_name("page")

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any]]]


def create_app(
    settings: Settings, *, lifespan: Callable[[Settings, Metrics], Lifespan], tracing: Tracing | None = None
) -> FastAPI:
    """Put the application together.

    Args:
        settings: read once, by the caller.
        lifespan: makes the context manager that builds every adapter and yields `{"services": Services}`.
        tracing: where spans go; nowhere by default. The caller closes it.
    """
    tracing = tracing or Tracing()
    release = version("localchat")
    metrics = Metrics(release, enabled=settings.enable_perf_metrics)
    access = AccessLog(questions=settings.log_questions)

    policy = OriginPolicy(hosts=settings.answered_hosts, origins=settings.cors_allowed_origins)

    def ahead(app: ASGIApp) -> ASGIApp:
        lanes = {"/api/search": search_hit}
        app = CachedResponseMiddleware(
            app, lanes=lanes, policy=policy, observe=fast_hits(metrics), access=access, tracer=tracing.tracer
        )
        app = TraceContextMiddleware(app, sample=settings.otel_traces_sampler_arg if tracing.provider else 0.0)
        if settings.cors_allowed_origins:
            app = with_cors(app, settings.cors_allowed_origins)
        return PrefixMiddleware(app, prefix=settings.root_path) if settings.root_path else app

    app = TracedFastAPI(
        tracing=tracing,
        ahead=ahead,
        title="LocalChat",
        version=release,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=lifespan(settings, metrics),
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
        responses=problems(500),
        servers=[{"url": settings.root_path}] if settings.root_path else None,
    )
    add_problem_handlers(app)
    # The hot routes come first, and on the application itself, so that they are found at once.
    add_search(app)
    add_chat(app)
    for module in (
        documents,
        contents,
        collections,
        analytics,
        conversations,
        evaluations,
        experiments,
        cache,
        keys,
        models,
        openai_completions,
        openai_embeddings,
        openai_responses,
        ollama_routes,
        operations,
    ):
        app.include_router(module.router)
    add_mcp(app)
    add_docs(app)
    add_page(app, _PAGE)
    describe(app, auth=settings.auth_mode)
    # The last one added is the outermost.
    app.add_middleware(ClientDisconnectMiddleware)
    app.add_middleware(
        BodyLimitMiddleware,
        max_upload_bytes=settings.max_upload_bytes,
        max_uploading_bytes=settings.max_uploading_bytes,
    )
    app.add_middleware(AccessMiddleware)
    app.add_middleware(TrustedOriginMiddleware, policy=policy)
    if metrics.enabled:
        instrument(app, metrics, hot=("/api/search", "/api/chat"))
    app.add_middleware(HeadMiddleware)
    app.add_middleware(RequestContextMiddleware, access=access, tracer=tracing.tracer)
    return app
