"""`localchat migrate` against databases that do not suit it: one line that says what to do, and exit code 2."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from app.cli.database.migrate import run_migration
from app.cli.shared import CommandFailed
from app.db import migrate as migrations
from app.db.database import Database
from app.db.migrate import MigrationRefused, check_server
from tests.support.folders import REPO, short_folder
from tests.support.processes.postgres import PrivatePostgres

GUEST = "guest"


def test_there_is_one_newest_revision() -> None:
    revisions = ScriptDirectory.from_config(Config(REPO / "alembic.ini"))
    assert len(revisions.get_heads()) == 1


async def test_the_schema_of_another_release_is_refused_and_left_alone(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE alembic_version SET version_num = '0019'")
    with pytest.raises(CommandFailed, match=r"at revision 0019, .*run the release that made it.*ingest again"):
        await run_migration(database_url, 0, cache_table="other_cache")
    assert await connection.fetchval("SELECT version_num FROM alembic_version") == "0019"
    assert await connection.fetchval("SELECT to_regclass('other_cache')") is None
    await connection.close()


@pytest.fixture(scope="module")
def postgres() -> Iterator[PrivatePostgres]:
    with short_folder() as folder:
        postgres = PrivatePostgres(folder / "postgres")
        try:
            postgres.start()
            asyncio.run(postgres.let_in(GUEST))
            yield postgres
        finally:
            postgres.stop()


@pytest.fixture
async def empty(postgres: PrivatePostgres) -> AsyncIterator[str]:
    """The name of an empty database."""
    name = f"empty_{uuid4().hex}"
    async with postgres.admin() as admin:
        await admin.execute(f"CREATE DATABASE {name}")
    yield name
    async with postgres.admin() as admin:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def refusal(url: str) -> str:
    with pytest.raises(CommandFailed) as failed:
        await run_migration(url, 0, cache_table="query_cache")
    line = str(failed.value)
    assert line.startswith("DATABASE_URL: ")
    assert "\n" not in line
    return line


async def test_a_role_that_may_not_create_tables_is_told_which_right_to_ask_for(
    postgres: PrivatePostgres, empty: str
) -> None:
    line = await refusal(postgres.url(empty, role=GUEST))
    assert "the role guest may not create tables" in line
    assert "`GRANT CREATE ON SCHEMA public TO guest`" in line


async def test_a_role_that_may_not_create_the_extension_is_told_who_can(
    postgres: PrivatePostgres, empty: str
) -> None:
    async with postgres.admin(empty) as admin:
        await admin.execute(f"GRANT CREATE ON SCHEMA public TO {GUEST}")
    assert "`CREATE EXTENSION vector` in this database as a superuser" in await refusal(
        postgres.url(empty, role=GUEST)
    )
    async with postgres.admin(empty) as admin:
        await admin.execute("CREATE EXTENSION vector")
    await run_migration(postgres.url(empty, role=GUEST), 0, cache_table="query_cache")


async def test_an_extension_in_another_schema_is_used_once_the_search_path_has_it(
    postgres: PrivatePostgres, empty: str
) -> None:
    url = postgres.server.url(empty)
    async with postgres.admin(empty) as admin:
        await admin.execute("CREATE SCHEMA extensions; CREATE EXTENSION vector SCHEMA extensions")
    line = await refusal(url)
    assert f"`ALTER DATABASE {empty} SET search_path = public, extensions`" in line
    async with postgres.admin(empty) as admin:
        await admin.execute(f"ALTER DATABASE {empty} SET search_path = public, extensions")
    await run_migration(url, 0, cache_table="query_cache")
    database = await Database.connect(url, min_size=1, max_size=1)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT '[1,2]'::halfvec <=> $1", [1.0, 2.0]) == 0
    await database.close()


async def test_a_refused_password_and_a_missing_database_do_not_wait(postgres: PrivatePostgres) -> None:
    for url, cause in (
        (postgres.url(role=GUEST, password="wrong"), "refuses our user or password"),
        (postgres.server.url("nowhere"), "does not exist"),
    ):
        with pytest.raises(CommandFailed, match=cause):
            await asyncio.wait_for(run_migration(url, 300, cache_table="query_cache"), 60)


async def test_a_server_that_is_too_old_is_named(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "_OLDEST_SERVER", 990_000)
    assert "PostgreSQL 18 or newer is needed; this server is 18." in await refusal(database_url)


async def test_a_server_without_pgvector_is_told_where_to_get_it() -> None:
    class Server:
        async def fetchrow(self, _query: str) -> dict[str, object]:
            return {"number": 180001, "made_vector": False, "has_vector": False}

    with pytest.raises(MigrationRefused, match="lacks pgvector: install it"):
        await check_server(Server())  # type: ignore[arg-type]
