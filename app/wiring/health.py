"""Builds the health checks. They have connections of their own: a full pool says nothing about the database."""

from collections.abc import Callable
from functools import partial

from app.cache.backends.redis_health import check_redis
from app.cache.backends.redis_topology import AnyRedis
from app.db.operations.health import ProbeConnection, check_dimensions, check_migrated, check_writable
from app.errors import ModelUnavailable
from app.ollama.client import OllamaClient
from app.ollama.default_model import AUTO_MODEL
from app.reranking.client import RerankClient
from app.services.operations.deep_health import (
    Component,
    DeepHealth,
    RecentMaximum,
    database_components,
    disk_component,
    loop_component,
    models_component,
    pool_component,
    reranker_component,
)
from app.services.operations.health import Examiner, HealthService
from app.settings import Settings
from app.wiring.core import Core
from app.wiring.reranking import rerank_client

# Seconds for each probe: the deep report, which runs them all at once, must come within one.
_TIMEOUT = 0.5
_PING_SECONDS = 0.4


def open_health(core: Core, lag: RecentMaximum, draining: Callable[[], bool]) -> tuple[HealthService, DeepHealth]:
    """Build the services behind `/health/*`; nothing is connected before a probe asks.

    Args:
        core: the parts that are probed.
        lag: the event loop's latest delays.
        draining: returns whether the process has been told to stop.
    """
    settings, database, client, redis = core.settings, core.database, core.client, core.cache.redis
    # Readiness must not wait behind the deep report's probes.
    connection, deep_connection = (ProbeConnection(core.database_url, pooled=settings.pooled) for _ in range(2))
    for opened in (connection, deep_connection):
        core.stack.callback(opened.close)
    examiner = Examiner(_TIMEOUT)
    optional = {"models": partial(_check_models, client)}
    if redis is not None:
        optional["redis"] = partial(check_redis, redis)
    health = HealthService(
        required={"postgres": partial(check_writable, connection)},
        optional=optional,
        startup={
            "postgres": partial(check_writable, database),
            "schema": partial(check_migrated, connection),
            "index": partial(check_dimensions, connection),
        },
        examiner=examiner,
        draining=draining,
        observe=lambda name, up: core.metrics.dependency_up.labels(name).set(up),
    )
    reranker = rerank_client(settings, core.stack)
    components = outside_components(settings, deep_connection, client, redis, reranker)
    return health, DeepHealth([*components, pool_component(database), loop_component(lag)], examiner)


def outside_components(
    settings: Settings,
    connection: ProbeConnection,
    client: OllamaClient,
    redis: AnyRedis | None,
    reranker: RerankClient | None,
) -> list[Component]:
    """What a process stands on: Postgres, Redis, each model server, the reranker, and the disk."""
    wanted = [settings.embedding_model, *({settings.chat_model} - {AUTO_MODEL})]
    return [
        *database_components(connection),
        *([] if redis is None else [Component("redis", "datastore", partial(check_redis, redis))]),
        *(models_component(name, partial(client.names, name), wanted) for name in client.endpoints),
        *([] if reranker is None else [reranker_component(reranker.model, reranker.logits)]),
        disk_component(settings.data_dir),
    ]


async def _check_models(client: OllamaClient) -> None:
    """
    Raises:
        ModelUnavailable: no model server answers.
    """
    if not any(status.error is None for status in await client.ping(_PING_SECONDS)):
        raise ModelUnavailable("No model server answers.")
