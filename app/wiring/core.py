"""Builds the core of every process: database, model client, cache and embedding, with their background loops."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from app.concurrency.background import run_for_lifetime
from app.db.database import Database
from app.db.notifications import NotificationListener
from app.db.operations.slow_statements import SlowStatements
from app.observers.cache import CacheCollector
from app.observers.database_cache import DatabaseCacheLog
from app.observers.models import ModelMetrics
from app.ollama.client import OllamaClient
from app.ollama.default_model import DefaultChatModel
from app.services.operations.cache_rollup import CacheRollup
from app.services.operations.cross_process_priority import CHANNEL, CrossProcessPriority
from app.services.search.embedding import EmbeddingService
from app.services.search.embedding_cache import EmbeddingCache
from app.settings import Settings
from app.telemetry import access, correlation
from app.telemetry.metrics import Metrics
from app.wiring.cache import Cache, open_cache


@dataclass(frozen=True, slots=True)
class Core:
    """The parts that the other builders build on. Closing `stack` closes them and ends their background work.

    `database_url` may lead through a pooler; `session_url` gives a session of one's own.
    """

    settings: Settings
    stack: AsyncExitStack
    metrics: Metrics
    database_url: str
    session_url: str
    database: Database
    client: OllamaClient
    chat_model: DefaultChatModel
    cache: Cache
    embedding: EmbeddingService


async def open_core(settings: Settings, stack: AsyncExitStack, metrics: Metrics, *, connections: int) -> Core:
    """Build the core. Nothing is connected before its first use: a process starts without Postgres or models.

    Args:
        settings: with DATABASE_URL and OLLAMA_BASE_URL set.
        stack: closes the opened parts in reverse.
        metrics: the instruments of this process.
        connections: the most that the pool opens.
    """
    database_url, session_url = settings.database_url, settings.session_url
    assert database_url is not None
    assert session_url is not None
    slow = SlowStatements(settings.slow_query_threshold)
    database = await Database.connect(
        database_url,
        min_size=0,
        max_size=connections,
        on_acquire=metrics.pool_acquire.observe,
        pooled=settings.pooled,
        observe=slow.note,
    )
    stack.push_async_callback(database.close)
    client = OllamaClient(
        settings.ollama_base_url,
        max_concurrency=settings.batch_max_workers,
        headers=correlation.headers,
        owner=access.tenant,
        observer=ModelMetrics(metrics),
    )
    stack.push_async_callback(client.aclose)
    _open_priority(session_url, client, stack)
    cache = await open_cache(settings, database, stack)
    if metrics.enabled:
        metrics.registry.register(CacheCollector(cache.chain.statistics))
    rollup = CacheRollup(database, cache.chain.statistics.totals)
    stack.push_async_callback(rollup.close)
    database_cache = [DatabaseCacheLog(cache.manager).run()] if cache.manager.l3 is not None else []
    for loop in (slow.run(database), rollup.run(), *database_cache):
        run_for_lifetime(stack, loop)
    embedding = EmbeddingService(
        client,
        EmbeddingCache(cache.chain),
        batch_size=settings.batch_size,
        max_chars=settings.batch_max_chars,
        max_workers=settings.batch_max_workers,
    )
    return Core(
        settings=settings,
        stack=stack,
        metrics=metrics,
        database_url=database_url,
        session_url=session_url,
        database=database,
        client=client,
        chat_model=DefaultChatModel(client, settings.chat_model),
        cache=cache,
        embedding=embedding,
    )


def _open_priority(session_url: str, client: OllamaClient, stack: AsyncExitStack) -> None:
    """Let queries of any process go ahead of this one's bulk work, and its queries ahead of theirs."""
    priority = CrossProcessPriority(client)
    listener = NotificationListener(session_url, {CHANNEL: priority.hear})
    for loop in (listener.run(), priority.announce(partial(listener.send, CHANNEL))):
        run_for_lifetime(stack, loop)
