"""A standby is promoted and takes the place of the primary under the same name, as a service or a DNS name does."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.db.database import Database
from app.db.migrate import migrate
from app.db.operations.health import ProbeConnection, check_writable
from app.embedded.services.postgres import DATABASE
from app.errors import StoreUnavailable
from tests.support.folders import short_folder
from tests.support.processes.postgres import WRITE, PrivatePostgres, standby_of

# Seconds that a failover may cost; the servers' own part, the promotion, is over before.
RECOVERY = 10.0


@dataclass(frozen=True)
class Pair:
    primary: PrivatePostgres
    standby: PrivatePostgres
    name: Path

    @property
    def url(self) -> str:
        return f"postgresql://{DATABASE}@/{DATABASE}?host={self.name}"

    async def fail_over(self) -> None:
        """Promote the standby, and let the name lead to it."""
        async with self.standby.admin() as admin:
            await admin.execute("SELECT pg_promote()")
        self.name.unlink()
        self.name.symlink_to(self.standby.folder)


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    with short_folder() as folder:
        primary = PrivatePostgres(folder / "a")
        standby = None
        try:
            await asyncio.to_thread(primary.start)
            await migrate(primary.server.url())
            standby = await standby_of(primary, folder / "b")
            await asyncio.to_thread(standby.start)
            name = folder / "name"
            name.symlink_to(primary.folder)
            yield Pair(primary, standby, name)
        finally:
            for server in filter(None, (standby, primary)):
                await asyncio.to_thread(server.stop)


async def write(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(WRITE)


async def recovered(database: Database) -> list[str]:
    """Write until it works; the causes of those that did not."""
    causes = []
    deadline = time.monotonic() + RECOVERY
    while True:
        try:
            await write(database)
        except StoreUnavailable as error:
            causes.append(error.detail)
            assert time.monotonic() < deadline, causes
            await asyncio.sleep(0.1)
        else:
            return causes


async def become_read_only(server: PrivatePostgres) -> None:
    """Make it refuse writes; return when every session knows: a new one learns it last."""
    async with server.admin() as admin:
        await admin.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        await admin.execute("SELECT pg_reload_conf()")
    deadline = time.monotonic() + RECOVERY
    while True:
        async with server.admin() as admin:
            if await admin.fetchval("SHOW default_transaction_read_only") == "on":
                return
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


async def test_a_primary_that_died_is_replaced_by_its_standby(pair: Pair) -> None:
    database = await Database.connect(pair.url, min_size=3, max_size=3)
    probe = ProbeConnection(pair.url)
    await write(database)
    await check_writable(probe)
    await asyncio.to_thread(pair.primary.server.process.stop, 0)
    with pytest.raises(StoreUnavailable):
        await write(database)
    await pair.fail_over()
    await recovered(database)
    for _ in range(2):  # the first notices that its connection is gone
        try:
            await check_writable(probe)
        except StoreUnavailable:
            continue
    await check_writable(probe)
    probe.close()
    await database.close()


async def test_a_primary_that_lives_on_as_read_only_is_left_at_the_first_write(pair: Pair) -> None:
    database = await Database.connect(pair.url, min_size=3, max_size=3)
    await write(database)
    await pair.fail_over()
    await become_read_only(pair.primary)
    causes = await recovered(database)
    assert len(causes) <= 2
    assert set(causes) <= {"The database is read-only now, as a standby is: it takes no writes."}
    async with pair.standby.admin() as admin:
        assert await admin.fetchval("SELECT count(*) FROM upload_keys") >= 1
    await database.close()


async def test_a_standby_under_the_name_is_not_ready_for_writes(pair: Pair) -> None:
    probe = ProbeConnection(pair.standby.server.url())
    with pytest.raises(StoreUnavailable, match="read-only"):
        await check_writable(probe)
    probe.close()
