"""A PostgreSQL of a test's own, whose roles, rights and settings it may change, and PgBouncer in front of it."""

import asyncio
import contextlib
import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import asyncpg

from app.embedded.services.postgres import DATABASE, EmbeddedPostgres
from app.embedded.services.system_user import postgres_install, server_user
from app.embedded.supervisor.probes import free_port
from app.embedded.supervisor.process import ChildProcess

ROLE = "app"
PASSWORD = "its password"

# A statement that writes a row.
WRITE = """INSERT INTO upload_keys (tenant, key, fingerprint, response)
VALUES ('t', gen_random_uuid()::text, 'f', '[]')"""


class PrivatePostgres:
    """A cluster with the role `app`, which owns what the superuser owns, and has a password."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = EmbeddedPostgres(folder, durable=False)

    def start(self) -> None:
        self.server.start()

    def stop(self) -> None:
        self.server.stop()

    def url(self, database: str = DATABASE, *, role: str = ROLE, password: str = PASSWORD) -> str:
        folder = quote(str(self.folder.absolute()), safe="/")
        return f"postgresql://{role}:{quote(password, safe='')}@/{database}?host={folder}"

    @contextlib.asynccontextmanager
    async def admin(self, database: str = DATABASE) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        connection = await asyncpg.connect(self.server.url(database))
        try:
            yield connection
        finally:
            await connection.close()

    async def let_in(self, role: str = ROLE) -> None:
        """Let a role in by its password; it is made if need be."""
        rules = self.folder / "pg_hba.conf"
        line = f"local all {role} scram-sha-256\n"
        if line not in rules.read_text():
            rules.write_text(line + rules.read_text())
        async with self.admin() as admin:
            await admin.execute("SELECT pg_reload_conf()")
            if not await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                member = f"IN ROLE {DATABASE}" if role == ROLE else ""
                await admin.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}' {member}")

    async def end_sessions(self, role: str = ROLE) -> None:
        async with self.admin() as admin:
            await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", role)


def pgbouncer_binary() -> str | None:
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


@contextlib.contextmanager
def pgbouncer(
    postgres: PrivatePostgres, folder: Path, mode: Literal["session", "transaction"], *, sessions: int = 20
) -> Iterator[str]:
    """PgBouncer in front of `postgres`, with at most `sessions` sessions of the server's; the URL of its database.

    It runs as the server's own user, whom alone the server's socket lets in.
    """
    binary, user, port = pgbouncer_binary(), server_user(), free_port()
    assert binary is not None
    folder.mkdir()
    (folder / "users.txt").write_text(f'"{DATABASE}" "{PASSWORD}"\n')
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"""[databases]
* = host={postgres.folder.absolute()} port=5432 user={DATABASE}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = plain
auth_file = {folder / "users.txt"}
pool_mode = {mode}
default_pool_size = {sessions}
max_client_conn = 200
"""
    )
    shutil.chown(folder, user.uid, user.gid)
    process = ChildProcess(
        "PgBouncer", [binary, config], log=folder / "log", uid=user.uid, gid=user.gid, cwd=folder
    )
    try:
        process.start()
        process.wait_until(lambda: _accepts(port), 60)
        yield f"postgresql://{DATABASE}:{quote(PASSWORD)}@127.0.0.1:{port}/{DATABASE}"
    finally:
        process.stop(5)


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def standby_of(postgres: PrivatePostgres, folder: Path) -> PrivatePostgres:
    """A copy of a running cluster that follows it, ready to start."""
    user = server_user()
    rules = postgres.folder / "pg_hba.conf"
    rules.write_text(f"local replication all peer map={DATABASE}\n" + rules.read_text())
    async with postgres.admin() as admin:
        await admin.execute("SELECT pg_reload_conf()")
    folder.parent.chmod(0o755)
    await asyncio.to_thread(folder.mkdir, mode=0o700)
    os.chown(folder, user.uid, user.gid)
    source = f"host={postgres.folder.absolute()} user={DATABASE}"
    copying = await asyncio.create_subprocess_exec(
        postgres_install(user) / "bin" / "pg_basebackup",
        *("-d", source, "-D", str(folder), "-R", "-X", "stream", "--no-sync", "--checkpoint=fast"),
        user=user.uid if user.switch else None,
        group=user.gid if user.switch else None,
        cwd=folder,
    )
    assert await copying.wait() == 0
    return PrivatePostgres(folder)
