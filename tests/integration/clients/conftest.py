"""A service with a document in it, as processes of their own, for clients that others have made."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey
from tests.support.databases import emptied, fresh_database
from tests.support.processes.replica import Replica, client, environment, ingested, worker

DOCUMENT = """# Leave

Every employee has thirty days of leave a year. Unused days expire at the end of March.

# Travel

Trips by train are booked in second class. A hotel may cost 120 euros a night.
"""


@pytest.fixture(scope="session")
def service_url(
    postgres_server: EmbeddedPostgres, valkey_server: EmbeddedValkey, model_server_url: str, server_folder: Path
) -> Iterator[str]:
    """The address of a service whose collection `default` holds `handbook.md`."""
    folder = server_folder / "clients"
    folder.mkdir()
    with ExitStack() as stack:
        database = stack.enter_context(_database(postgres_server))
        env = environment(
            database=database,
            redis=emptied(valkey_server),
            models=model_server_url,
            folder=folder,
            ANSWER_MODE="auto",
            RERANK_BASE_URL=model_server_url,
        )
        api = Replica(env, folder / "api.log", "--drain", "0")
        ingester = worker(env, folder / "worker.log")
        for process in (api.process, ingester):
            stack.callback(process.stop, 10)
            process.start()
        api.wait_ready()
        asyncio.run(_ingest(api.url))
        yield api.url


@contextmanager
def _database(server: EmbeddedPostgres) -> Iterator[str]:
    with asyncio.Runner() as runner:
        made = fresh_database(server)
        yield runner.run(made.__aenter__())
        runner.run(made.__aexit__(None, None, None))


async def _ingest(url: str) -> None:
    async with client(url) as http:
        document = await ingested(http, "handbook.md", DOCUMENT.encode())
        assert document["status"] == "ready", document
