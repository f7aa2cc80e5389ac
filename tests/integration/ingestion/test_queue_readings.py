"""What metrics and the deep report say of the queue."""

from typing import cast
from uuid import UUID

from prometheus_client import generate_latest

from app.db.database import Database
from app.db.operations.health import Queue, queue_of
from app.ingestion.queue.jobs import enqueue
from app.observers.sampling import GaugeSampler
from app.ollama.client import OllamaClient
from app.services.operations.deep_health import database_components
from app.services.operations.health import Check, Examiner
from app.telemetry.metrics import Metrics

AGED = """
UPDATE pgqueuer SET status = $2::pgqueuer_status, created = now() - interval '90 s',
    updated = now() - interval '60 s',
    execute_after = now() + $3::float8 * interval '1 s', attempts = $4
WHERE dedupe_key LIKE '%' || $1 || ':1'
"""


async def job(database: Database, number: int, status: str, *, attempts: int = 0, delay: float = -80) -> None:
    document = UUID(int=number)
    async with database.connection() as connection:
        await enqueue(connection, document, 1)
        await connection.execute(AGED, str(document), status, delay, attempts)


async def looked_at(database: Database) -> Check:
    (component,) = [each for each in database_components(database) if each.name == "queue"]
    return await Examiner(5.0).check(component.probe)


async def test_depth_age_and_attempts_are_told_by_state(database_url: str) -> None:
    database = await Database.connect(database_url, min_size=1)
    assert await queue_of(database) == Queue(0, 0, 0, 0, 0, 0, 0)
    await job(database, 1, "queued")
    await job(database, 2, "queued", attempts=3, delay=30)  # not late: it waits for its next attempt
    await job(database, 3, "picked", attempts=1)
    await job(database, 4, "failed", attempts=9)
    found = await queue_of(database)
    assert (found.queued, found.picked, found.held, found.attempts) == (2, 1, 1, 3)
    assert [round(age, -1) for age in (found.oldest, found.oldest_picked, found.oldest_held)] == [80, 60, 60]

    metrics = Metrics("0", enabled=True)
    await GaugeSampler(metrics, database, cast("OllamaClient", None)).sample_queue()
    shown = generate_latest(metrics.registry).decode()
    assert 'rag_ingest_queue_jobs{state="queued"} 2.0' in shown
    for state, age in (("queued", 8), ("picked", 6), ("held", 6)):
        assert f'rag_ingest_queue_oldest_job_age_seconds{{state="{state}"}} {age}' in shown

    check = await looked_at(database)
    assert check.status == "pass"
    assert check.detail is not None
    assert check.detail.startswith("2 wait, the first for 8")
    assert check.detail.endswith("1 are held. One is tried again, after 3 attempts.")
    await job(database, 5, "queued", attempts=5, delay=30)
    assert (await looked_at(database)).status == "warn"
    await database.close()
