"""Real servers, started once per session on private folders and handed to tests clean."""

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import redis

from app.db.migrate import migrate
from app.embedded.services.postgres import DATABASE, EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey
from app.embedded.supervisor.probes import answers, free_port
from app.embedded.supervisor.process import ChildProcess

REPO = Path(__file__).parents[1]


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


@contextlib.asynccontextmanager
async def fresh_database(postgres_server: EmbeddedPostgres) -> AsyncIterator[str]:
    """A migrated, empty database, for as long as it is needed."""
    name = f"test_{uuid4().hex}"
    admin = await asyncpg.connect(postgres_server.url("postgres"))
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE}")
        yield postgres_server.url(name)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


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
    with contextlib.closing(redis.Redis.from_url(valkey_server.url)) as client:
        client.flushall()
    return valkey_server.url


@pytest.fixture(scope="session")
def model_server_url(server_folder: Path) -> Iterator[str]:
    """The embedded model server with both real models, answering several requests at once."""
    port = free_port()
    server = ChildProcess(
        "model server",
        [sys.executable, "-m", "app.embedded.model_server", "--port", str(port), "--slots", "parallel"],
        cwd=REPO,
        log=server_folder / "model-server.log",
    )
    try:
        server.start()
        server.wait_until(lambda: answers("127.0.0.1", port, "/api/version"), 60)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop(5)


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """A private folder for a server, in memory where there is room.

    Its path is short, because a socket's must fit 107 bytes, which pytest's own folders may not.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 * 1024**3
    folder = Path(tempfile.mkdtemp(prefix="localchat-", dir=memory if roomy else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
