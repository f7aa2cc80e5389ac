"""The ingestion queue, on pgqueuer: jobs commit with the rows they are about, and outlive any worker."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from uuid import UUID

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy
from opentelemetry.trace import SpanKind
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.queries import Queries

from app.telemetry import tracing

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

ENTRYPOINT = "ingest"
REINDEX_ENTRYPOINT = "reindex"

Headers = Callable[[], Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class IngestJob:
    """One version of a document to ingest. `headers` carry the correlation of the request that asked."""

    document_id: UUID
    version: int
    attempt: int = 0
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class ReindexJob:
    """A collection's move to another embedding model, as `IngestJob` describes a document."""

    reindex_id: UUID
    attempt: int = 0
    headers: Mapping[str, str] | None = None


async def enqueue(
    connection: "Connection | PoolConnectionProxy[asyncpg.Record]",
    document_id: UUID,
    version: int,
    headers: Headers = dict,
) -> None:
    """Add a job inside the caller's transaction, unless one for this version waits or runs already.

    `headers` gives what the worker needs to go on with the caller's trace.
    """
    await enqueue_all(connection, [(document_id, version)], headers)


async def enqueue_all(
    connection: "Connection | PoolConnectionProxy[asyncpg.Record]",
    versions: Sequence[tuple[UUID, int]],
    headers: Headers = dict,
) -> None:
    """The same for several documents, each with its version."""
    jobs = [
        ({"document_id": str(document_id), "version": version}, dedupe_key(document_id, version))
        for document_id, version in versions
    ]
    await _enqueue(connection, ENTRYPOINT, jobs, headers)


async def enqueue_reindex(
    connection: "Connection | PoolConnectionProxy[asyncpg.Record]",
    reindex_id: UUID,
    headers: Headers = dict,
) -> None:
    """The same for a reindex. It goes ahead of documents that wait, and one runs at a time in the whole fleet."""
    job = ({"reindex_id": str(reindex_id)}, f"{REINDEX_ENTRYPOINT}:{reindex_id}")
    await _enqueue(connection, REINDEX_ENTRYPOINT, [job], headers)


async def _enqueue(
    connection: "Connection | PoolConnectionProxy[asyncpg.Record]",
    entrypoint: str,
    jobs: Sequence[tuple[Mapping[str, object], str]],
    headers: Headers,
) -> None:
    """Each job is a payload with the key of what it is about."""
    if not jobs:
        return
    with tracing.span(f"send {entrypoint}", SpanKind.PRODUCER, messaging(entrypoint, "send")):
        await Queries(_EnqueueDriver(cast("Connection", connection))).enqueue(
            [entrypoint] * len(jobs),
            [orjson.dumps(payload) for payload, _ in jobs],
            priority=[1 if entrypoint == REINDEX_ENTRYPOINT else 0] * len(jobs),
            execute_after=[None] * len(jobs),
            dedupe_key=[key for _, key in jobs],
            headers=[dict(headers()) or None] * len(jobs),
            on_conflict="skip",
        )


def messaging(queue: str, operation: str) -> dict[str, str]:
    """Of a span around a job, by OpenTelemetry's conventions for messaging. `operation`: send or process."""
    return {
        "messaging.system": "pgqueuer",
        "messaging.destination.name": queue,
        "messaging.operation.type": operation,
    }


class _EnqueueDriver(AsyncpgDriver):
    """The pool's connections take jsonb as Python values, while pgqueuer gives its headers as text."""

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        *others, headers = args
        assert isinstance(headers, list)
        return await super().fetch(query, *others, [orjson.loads(text) for text in headers])


def dedupe_key(document_id: UUID, version: int) -> str:
    return f"{ENTRYPOINT}:{document_id}:{version}"
