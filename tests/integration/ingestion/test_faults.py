"""Ingestion while its processes are killed and frozen: afterwards everything is there, and once."""

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from contextlib import suppress

import asyncpg
import psutil
import pytest

from app.embedded.supervisor.process import ChildProcess
from tests.support.folders import short_folder
from tests.support.ingestion import file_of
from tests.support.processes.plant import Plant, Stored, model_server
from tests.support.waiting import until

WORDS = ("harbour", "granite", "tide", "anchor", "beacon", "lantern", "mooring", "vessel", "quay", "storm", "pilot")


def prose(seed: int, sections: int) -> bytes:
    """Markdown of about two chunks a section, a few of them equal."""
    rng = random.Random(seed)
    parts = []
    for number in range(sections):
        sentences = [f"{' '.join(rng.choices(WORDS, k=12)).capitalize()}." for _ in range(18)]
        parts.append(f"## Part {number}\n\n{' '.join(sentences)}")
    parts.append("## Notice\n\nNothing here changes." * 2)
    return "\n\n".join(parts).encode()


# The book comes in four parts.
FILES = [file_of("book.md", prose(0, 240)), *(file_of(f"note-{n}.md", prose(n, 4)) for n in range(1, 9))]

# Time enough between two parts for something to happen.
SLOW_DISK = """
CREATE FUNCTION slow_down() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END $$;
CREATE TRIGGER slow_disk BEFORE INSERT ON chunks FOR EACH STATEMENT EXECUTE FUNCTION slow_down();
"""


@pytest.fixture(scope="module")
def machines() -> Iterator[Plant]:
    with short_folder() as folder, Plant.running(folder, text_ms=6) as plant:
        yield plant


@pytest.fixture
def plant(machines: Plant) -> Iterator[Plant]:
    yield machines
    machines.stop_workers()


@pytest.fixture(scope="module")
def undisturbed(machines: Plant) -> Stored:
    """The same files, ingested for another tenant by a worker that nobody disturbs."""
    slow = machines.models
    machines.models = model_server(machines.folder / "fast-models.log", text_ms=0)
    try:
        machines.models.start()
        return asyncio.run(ingest_calmly(machines))
    finally:
        machines.models.kill()
        machines.models = slow
        asyncio.run(machines.execute(SLOW_DISK))


async def ingest_calmly(plant: Plant) -> Stored:
    await plant.upload("calm", FILES)
    worker = plant.worker()
    await plant.ended("calm", 60)
    await asyncio.to_thread(worker.stop, 10)
    assert await plant.statuses("calm") == {"ready"}
    return await plant.stored("calm")


def freeze(process: ChildProcess) -> list[psutil.Process]:
    """Stop a process with its children, and return them."""
    assert process.pid is not None
    parent = psutil.Process(process.pid)
    family = [parent, *parent.children(recursive=True)]
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.send_signal(signal.SIGSTOP)
    return family


def thaw(family: list[psutil.Process]) -> None:
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.send_signal(signal.SIGCONT)


async def half_read(plant: Plant, tenant: str, *, beyond: int = 0) -> int:
    """Wait until more chunks than `beyond` are stored of the book, but not all; how many."""
    async with asyncio.timeout(60):
        while True:
            stored = await plant.fetch(
                """SELECT count(*) FROM chunks JOIN document_versions v USING (document_id, version)
                JOIN documents d ON d.id = document_id
                WHERE d.tenant = $1 AND d.filename = 'book.md' AND NOT v.split""",
                tenant,
            )
            if stored > beyond:
                return stored
            await asyncio.sleep(0.02)


async def test_killing_and_freezing_workers_at_random_moments_loses_and_doubles_nothing(
    plant: Plant, undisturbed: Stored
) -> None:
    seed = random.randrange(1000)
    rng = random.Random(seed)

    def interfere(act: str, victim: ChildProcess) -> None:
        assert victim.pid is not None
        if act == "kill":
            os.kill(victim.pid, signal.SIGKILL)
        else:
            family = freeze(victim)
            # Longer than the others take to think it dead, so that it comes back to what is theirs by then.
            asyncio.get_running_loop().call_later(rng.uniform(1.5, 3.0), thaw, family)

    await plant.upload("frozen", FILES)
    stored = 0
    for act in ("kill", "freeze"):
        alone = plant.worker()
        stored = await half_read(plant, "frozen", beyond=stored)
        interfere(act, alone)
    running = [plant.worker(), plant.worker()]
    await asyncio.sleep(2)  # they are slow to start
    for act in ("kill", "freeze", "kill", "freeze"):
        await asyncio.sleep(rng.uniform(0.2, 1.2))
        interfere(act, running.pop(0))
        running.append(plant.worker())
    await plant.ended("frozen", 60)
    assert await plant.statuses("frozen") == {"ready"}
    assert await plant.stored("frozen") == undisturbed, f"with the random seed {seed}"


async def test_killing_postgres_and_the_model_server_delays_ingestion_and_no_more(
    plant: Plant, undisturbed: Stored
) -> None:
    await plant.upload("outage", FILES)
    plant.worker()
    await half_read(plant, "outage")

    assert plant.postgres.process.pid is not None
    os.kill(plant.postgres.process.pid, signal.SIGKILL)
    plant.postgres.stop(0)
    await asyncio.sleep(1)
    plant.postgres.start()  # in this thread: the kernel ends it with the thread that started it
    await asyncio.sleep(1.5)

    plant.models.kill()
    await asyncio.sleep(1)
    plant.models.start()

    await plant.ended("outage", 60)
    assert await plant.statuses("outage") == {"ready"}
    assert await plant.stored("outage") == undisturbed


FULL_DISK = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM chunks c JOIN documents d ON d.id = c.document_id WHERE d.tenant = 'full') > 300 THEN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER full_disk AFTER INSERT ON chunks EXECUTE FUNCTION refuse();
"""


async def test_a_full_disk_stops_ingestion_with_a_reason_until_there_is_room(
    plant: Plant, undisturbed: Stored
) -> None:
    connection = await asyncpg.connect(plant.postgres.url())
    try:
        await connection.execute(FULL_DISK)
        await plant.upload("full", FILES)
        plant.worker()
        await until(lambda: connection.fetchval("SELECT count(*) FROM pgqueuer WHERE attempts > 0"))
        await half_read(plant, "full")
        assert not await connection.fetchval("SELECT count(*) FROM documents WHERE status = 'failed'")
        await connection.execute("DROP FUNCTION refuse CASCADE")
    finally:
        await connection.close()
    await plant.ended("full", 90)
    assert await plant.stored("full") == undisturbed
