"""The composition root of the API: builds every adapter from settings, and hands the services to the routes."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI

from app.api.dependencies import Services
from app.cache.backends.postgres import reading
from app.cache.stream_cache import StreamCache
from app.concurrency.background import Background, run_for_lifetime
from app.domain.answers import Event
from app.generation.prompt import PromptBuilder
from app.generation.relevance import Relevance
from app.generation.rewriting import RuleRewriter
from app.generation.tokens import TokenCounter
from app.main import Lifespan
from app.observers.ingestion import IngestMetrics
from app.observers.questions import QuestionMetrics
from app.observers.sampling import GaugeSampler
from app.services.answering.cached import CachedAnswers
from app.services.answering.context_windows import ContextWindows
from app.services.answering.conversations import ConversationService
from app.services.answering.direct import DirectService
from app.services.answering.experiments import ExperimentService
from app.services.answering.feedback import FeedbackService
from app.services.answering.neighbours import NeighbourChunks
from app.services.answering.pipeline import AnswerPipeline
from app.services.answering.service import AnswerService
from app.services.cache_ops.admin import CacheService
from app.services.cache_ops.warm_questions import WarmQuestions
from app.services.cache_ops.warming import BackgroundChat, WarmingService
from app.services.documents.collection_cache import CollectionCache
from app.services.documents.collections import CollectionService
from app.services.documents.progress import ProgressWatcher
from app.services.documents.service import DocumentService
from app.services.ingestion.reindex_requests import ReindexService
from app.services.operations.analytics import AnalyticsService
from app.services.operations.api_keys import KeyService
from app.services.operations.deep_health import RecentMaximum
from app.services.operations.models import ModelService
from app.services.operations.query_plans import PlanService
from app.services.search.cached import CachedSearch
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.service import SearchService
from app.settings import Settings
from app.telemetry import correlation
from app.telemetry.event_loop import sample_lag
from app.telemetry.metrics import Metrics
from app.wiring import gc_tuning
from app.wiring.core import open_core
from app.wiring.health import open_health
from app.wiring.semantic import open_matching


def api_lifespan(settings: Settings, metrics: Metrics, *, draining: Callable[[], bool] = lambda: False) -> Lifespan:
    """What `create_app` needs to come to life: opens everything at the start, closes it in reverse at the end.

    `draining` tells whether the process was told to stop.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        async with AsyncExitStack() as stack:
            services = await _build(settings, metrics, stack, draining)
            gc_tuning.freeze()
            yield {"services": services}

    return lifespan


async def _build(
    settings: Settings, metrics: Metrics, stack: AsyncExitStack, draining: Callable[[], bool]
) -> Services:
    core = await open_core(settings, stack, metrics, connections=16)
    database, client, cache, embedding = core.database, core.client, core.cache, core.embedding
    collections = CollectionService(database, embedding, default_model=settings.embedding_model)
    directory = CollectionCache(collections, cache.watch)
    cache.listen(directory.forget)
    documents = DocumentService(
        database, collections, job_headers=correlation.headers, observer=IngestMetrics(metrics)
    )
    statistics = LexemeStatistics(database)
    stack.push_async_callback(statistics.close)
    watched = QuestionMetrics(metrics)
    matching, matching_report = open_matching(settings, cache, embedding.embed_query, stack)
    search = CachedSearch(
        SearchService(database, collections, embedding.embed_query, statistics, watched),
        directory,
        cache.chain,
        matching,
    )
    conversations = ConversationService(database)
    contexts = ContextWindows(client)
    pipeline = partial(
        AnswerPipeline,
        search,
        prompts=PromptBuilder(TokenCounter()),
        rewriter=RuleRewriter(),
        relevance=Relevance(),
        contexts=contexts,
        surroundings=NeighbourChunks(database),
    )
    streams: StreamCache[Event] = StreamCache(cache.chain)
    stack.push_async_callback(streams.close)
    unhurried = pipeline(BackgroundChat(client))
    cached_answers = CachedAnswers(streams, directory, client, matching=matching, unhurried=unhurried)
    answers = AnswerService(
        pipeline(client, observer=watched),
        cached_answers,
        conversations,
        default_model=settings.chat_model,
        trace_id=_trace_id,
        observer=watched,
    )
    warming = WarmingService(
        WarmQuestions(cache.manager, database),
        cache.pacer,
        search=search,
        answers=cached_answers,
        pipeline=unhurried,
        default_model=settings.chat_model,
    )
    background = Background()
    stack.push_async_callback(background.close)
    lag = RecentMaximum()
    health, deep_health = open_health(
        settings,
        stack,
        database=database,
        client=client,
        redis=cache.redis,
        lag=lag,
        draining=draining,
        observe=lambda name, up: metrics.dependency_up.labels(name).set(up),
    )

    def observe_lag(seconds: float) -> None:
        metrics.event_loop_lag.observe(seconds)
        lag.observe(seconds)

    gauges = [GaugeSampler(metrics, database, client, cache.chain).run()] if metrics.enabled else []
    warm = [warming.after_start()] if settings.cache_warm_on_startup else []
    for work in (sample_lag(observe_lag), health.watch(), *gauges, *warm):
        run_for_lifetime(stack, work)
    return Services(
        documents=documents,
        watcher=ProgressWatcher(documents),
        collections=collections,
        analytics=AnalyticsService(database),
        plans=PlanService(database, cached=reading(settings.l3_cache_table), cache_table=settings.l3_cache_table),
        reindexes=ReindexService(database, collections, embedding, job_headers=correlation.headers),
        search=search,
        answers=answers,
        conversations=conversations,
        direct=DirectService(client, contexts, trace_id=_trace_id),
        models=ModelService(client, chat_model=settings.chat_model, embedding_model=settings.embedding_model),
        feedback=FeedbackService(
            database, cache.manager, observe=lambda verdict: metrics.feedback.labels(verdict).inc()
        ),
        experiments=ExperimentService(database, background),
        cache=CacheService(cache.manager, database),
        warming=warming,
        matching=matching_report,
        health=health,
        deep_health=deep_health,
        metrics=metrics,
        keys=KeyService(database) if settings.auth_mode == "api_key" else None,
        max_upload_bytes=settings.max_upload_bytes,
    )


def _trace_id() -> str:
    current = correlation.current()
    return current.trace_id if current else ""
