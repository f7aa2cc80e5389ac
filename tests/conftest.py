"""Real servers, started once per session on private folders and handed to tests clean."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.db.migrate import migrate
from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey
from tests.support.cache.database import Store, open_store
from tests.support.databases import emptied, fresh_database
from tests.support.folders import short_folder
from tests.support.processes.model_server import AS_SHIPPED, running_model_server
from tests.support.processes.valkey import ValkeyServer, cluster_address, running_cluster

UNIT = Path(__file__).parent / "unit"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a test of real servers twice before it fails, see docs/decisions/0014; one of our code alone never."""
    for item in items:
        if UNIT not in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    with short_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgres_server(server_folder: Path) -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL whose database `localchat` is migrated and serves as the template of others."""
    server = EmbeddedPostgres(server_folder / "postgres", durable=False)
    try:
        asyncio.run(migrate(server.start()))
        yield server
    finally:
        server.stop()


@pytest.fixture
async def database_url(postgres_server: EmbeddedPostgres) -> AsyncIterator[str]:
    """A migrated, empty database of the test's own."""
    async with fresh_database(postgres_server) as url:
        yield url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """The database cache (L3), empty, and what keeps it."""
    async with open_store(database_url) as store:
        yield store


@pytest.fixture(scope="session")
def valkey_server(server_folder: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(server_folder / "valkey")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def valkey_url(valkey_server: EmbeddedValkey) -> str:
    """An empty Valkey."""
    return emptied(valkey_server)


@pytest.fixture(scope="session")
def valkey_cluster(server_folder: Path) -> Iterator[list[ValkeyServer]]:
    with running_cluster(server_folder / "cluster") as servers:
        yield servers


@pytest.fixture
def cluster_url(valkey_cluster: list[ValkeyServer]) -> str:
    """An empty cluster of Valkey, by the addresses of two of its three servers."""
    for server in valkey_cluster:
        server.ask("FLUSHALL")
    return cluster_address(valkey_cluster[:2])


@pytest.fixture(scope="session")
def model_server_url(server_folder: Path) -> Iterator[str]:
    """The embedded model server with both real models, answering several requests at once."""
    log = server_folder / "model-server.log"
    with running_model_server(log, "--slots", "parallel", module=AS_SHIPPED) as server:
        yield server.url
