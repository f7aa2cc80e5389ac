"""The embedded PostgreSQL and Valkey: private, recoverable, and gone when asked."""

import asyncio
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis

from app.embedded.services.postgres import SOCKET_NAME, EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey
from app.embedded.supervisor.process import StartFailed
from tests.support.folders import short_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_folder() as path:
        yield path


async def test_postgres_serves_migrated_databases_with_pgvector(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        version = await connection.fetchval("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
        major = await connection.fetchval("SELECT current_setting('server_version_num')::int / 10000")
    finally:
        await connection.close()
    assert (major, version.split(".")[:2]) == (18, ["0", "8"])


async def test_postgres_listens_on_no_network_and_its_folder_is_closed_to_others(
    postgres_server: EmbeddedPostgres, server_folder: Path
) -> None:
    connection = await asyncpg.connect(postgres_server.url())
    try:
        assert await connection.fetchval("SHOW listen_addresses") == ""
    finally:
        await connection.close()
    for path in (server_folder, server_folder / "postgres"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert stat.S_IMODE((server_folder / "postgres" / SOCKET_NAME).stat().st_mode) == 0o700


def test_postgres_never_runs_as_root(postgres_server: EmbeddedPostgres) -> None:
    pid = postgres_server.process.pid
    assert pid is not None
    assert psutil.Process(pid).uids().effective != 0


def test_postgres_recovers_its_rows_after_it_was_killed(folder: Path) -> None:
    first = EmbeddedPostgres(folder / "postgres")
    asyncio.run(_execute(first.start(), "CREATE TABLE kept AS SELECT 7 AS value"))
    pid = first.process.pid
    assert pid is not None
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    os.kill(pid, signal.SIGKILL)
    first.process.stop(5)
    assert (folder / "postgres" / "postmaster.pid").exists()

    second = EmbeddedPostgres(folder / "postgres")
    try:
        assert asyncio.run(_fetch(second.start(), "SELECT value FROM kept")) == 7
        assert [process for process in family if _alive(process)] == []
    finally:
        second.stop()


def test_postgres_is_not_misled_by_a_pid_file_that_names_another_process(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres", durable=False)
    server.start()
    server.stop()
    (folder / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n/proc/self/cwd\n1\n5432\n.\n\n\n\n")
    try:
        assert asyncio.run(_fetch(server.start(), "SELECT 1")) == 1
    finally:
        server.stop()


def test_a_cluster_half_made_is_made_anew(folder: Path) -> None:
    (folder / "postgres.new" / "base").mkdir(parents=True)
    server = EmbeddedPostgres(folder / "postgres", durable=False)
    try:
        assert asyncio.run(_fetch(server.start(), "SELECT 1")) == 1
    finally:
        server.stop()
    assert not (folder / "postgres.new").exists()


def test_a_folder_too_deep_for_a_socket_is_refused_in_one_line(folder: Path) -> None:
    deep = folder / ("x" * 100)
    for server in (EmbeddedPostgres(deep / "postgres"), EmbeddedValkey(deep / "valkey")):
        with pytest.raises(StartFailed, match="DATA_DIR is too long") as failure:
            server.launch()
        assert "\n" not in str(failure.value)


def test_valkey_is_closed_to_others_and_keeps_nothing_on_disk(valkey_url: str, server_folder: Path) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        client.set("key", "value")
        assert client.get("key") == b"value"
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}
        assert client.config_get("port") == {"port": "0"}
    assert stat.S_IMODE((server_folder / "valkey").stat().st_mode) == 0o700
    assert [path.name for path in (server_folder / "valkey").iterdir()] == ["valkey.sock"]


def test_valkey_starts_again_over_the_socket_of_a_killed_one(folder: Path) -> None:
    first = EmbeddedValkey(folder / "valkey")
    first.start()
    assert first.process.pid is not None
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.stop(5)
    second = EmbeddedValkey(folder / "valkey")
    try:
        with redis.Redis.from_url(second.start()) as client:
            assert client.ping()
    finally:
        second.stop()


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _fetch(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()
