"""What the autoscaler asks Postgres."""

from uuid import UUID

import asyncpg
import yaml  # type: ignore[import-untyped]

from app.ingestion.queue.jobs import enqueue
from tests.support.folders import REPO

SCALED = REPO / "deploy/kustomize/components/autoscaling/worker.yaml"


async def test_workers_are_scaled_by_the_jobs_that_wait(database_url: str) -> None:
    scaled = yaml.safe_load(SCALED.read_text())
    (trigger,) = scaled["spec"]["triggers"]
    connection = await asyncpg.connect(database_url)
    try:
        assert await connection.fetchval(trigger["metadata"]["query"]) == 0
        await enqueue(connection, UUID(int=1), 1)
        await enqueue(connection, UUID(int=2), 1)
        assert await connection.fetchval(trigger["metadata"]["query"]) == 2
    finally:
        await connection.close()
