"""Faults of a real PostgreSQL, as requests and readiness see them: a 503 that names its cause, and a recovery."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from app.db.database import Database
from app.db.migrate import migrate
from app.db.operations.health import ProbeConnection, check_writable
from app.embedded.services.postgres import DATABASE
from app.errors import StoreUnavailable
from tests.support.folders import short_folder
from tests.support.processes.postgres import PASSWORD, ROLE, WRITE, PrivatePostgres
from tests.support.waiting import until


@pytest.fixture(scope="module")
def postgres() -> Iterator[PrivatePostgres]:
    with short_folder() as folder:
        postgres = PrivatePostgres(folder / "postgres")
        try:
            postgres.start()
            asyncio.run(migrate(postgres.server.url()))
            yield postgres
        finally:
            postgres.stop()


@pytest.fixture
async def database(postgres: PrivatePostgres) -> AsyncIterator[Database]:
    await postgres.let_in()
    database = await Database.connect(postgres.url(), min_size=0, max_size=3)
    yield database
    await database.close()


async def write(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(WRITE)


async def refusal(database: Database) -> str:
    with pytest.raises(StoreUnavailable) as refused:
        await write(database)
    return refused.value.detail


async def unready(postgres: PrivatePostgres, **options: str) -> str:
    probe = ProbeConnection(postgres.url(**options))
    try:
        with pytest.raises(StoreUnavailable) as refused:
            await check_writable(probe)
    finally:
        probe.close()
    return refused.value.detail


async def test_a_password_that_was_changed_is_named_and_the_right_one_works_again(
    postgres: PrivatePostgres, database: Database
) -> None:
    await write(database)
    async with postgres.admin() as admin:
        await admin.execute(f"ALTER ROLE {ROLE} PASSWORD 'another'")
        await postgres.end_sessions()
        said = [await refusal(database) for _ in range(2)]
        assert said[-1] == "The database refuses our user or password."
        assert await unready(postgres) == said[-1]
        await admin.execute(f"ALTER ROLE {ROLE} PASSWORD '{PASSWORD}'")
    await write(database)


async def test_a_database_that_does_not_exist_is_named(postgres: PrivatePostgres) -> None:
    await postgres.let_in()
    database = await Database.connect(postgres.url("nowhere"), min_size=0, max_size=1)
    assert await refusal(database) == "The database does not exist on its server."
    assert await unready(postgres, database="nowhere") == "The database does not exist on its server."
    await database.close()


async def test_a_database_that_takes_no_writes_is_named_by_writes_and_readiness_and_reads_go_on(
    postgres: PrivatePostgres, database: Database
) -> None:
    await write(database)
    async with postgres.admin() as admin:
        await admin.execute(f"ALTER DATABASE {DATABASE} SET default_transaction_read_only = on")
        try:
            await postgres.end_sessions()
            said = [await refusal(database) for _ in range(2)]
            assert set(said[-1:]) == {"The database is read-only now, as a standby is: it takes no writes."}
            assert await unready(postgres) == said[-1]
            async with database.reading() as connection:
                assert await connection.fetchval("SELECT count(*) FROM upload_keys") >= 1
        finally:
            await admin.execute("SET default_transaction_read_only = off")
            await admin.execute(f"ALTER DATABASE {DATABASE} RESET default_transaction_read_only")
    # A write that was refused has made the pool give its connections up, which would stay read-only.
    with pytest.raises(StoreUnavailable):
        await write(database)
    await write(database)


@contextlib.asynccontextmanager
async def role_with(postgres: PrivatePostgres, name: str, value: str) -> AsyncIterator[None]:
    async with postgres.admin() as admin:
        await admin.execute(f"ALTER ROLE {ROLE} SET {name} = '{value}'")
        try:
            yield
        finally:
            await admin.execute(f"ALTER ROLE {ROLE} RESET {name}")


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("lock_timeout", "A lock in the database was not free in time."),
        ("statement_timeout", "A statement took the database too long."),
        ("transaction_timeout", "The connection to the database broke off."),
    ],
)
async def test_a_limit_that_the_server_sets_is_named(
    postgres: PrivatePostgres, database: Database, name: str, cause: str
) -> None:
    async with role_with(postgres, name, "50ms"), postgres.admin() as admin, admin.transaction():
        await admin.execute("LOCK TABLE upload_keys")
        assert await refusal(database) == cause
    await write(database)


async def test_a_transaction_that_was_idle_for_too_long_is_named(
    postgres: PrivatePostgres, database: Database
) -> None:
    async def dawdle() -> None:
        async with database.transaction() as connection:
            await until(connection.is_closed)
            await connection.execute(WRITE)

    async with role_with(postgres, "idle_in_transaction_session_timeout", "50ms"):
        with pytest.raises(StoreUnavailable) as refused:
            await dawdle()
    assert refused.value.detail == "The connection to the database broke off."


async def test_sessions_that_the_server_ends_while_idle_cost_no_request(
    postgres: PrivatePostgres, database: Database
) -> None:
    async with role_with(postgres, "idle_session_timeout", "50ms"):
        await write(database)
        await until(lambda: database.use().busy + database.use().idle == 0)
        await write(database)


async def test_a_server_that_accepts_no_more_connections_is_named(postgres: PrivatePostgres) -> None:
    await postgres.let_in()
    async with postgres.admin() as admin:
        await admin.execute(f"ALTER ROLE {ROLE} CONNECTION LIMIT 0")
        try:
            database = await Database.connect(postgres.url(), min_size=0, max_size=1)
            assert await refusal(database) == "The database's server accepts no more connections."
            await database.close()
        finally:
            await admin.execute(f"ALTER ROLE {ROLE} CONNECTION LIMIT -1")


async def test_a_pool_that_is_used_up_says_so(postgres: PrivatePostgres) -> None:
    await postgres.let_in()
    database = await Database.connect(postgres.url(), min_size=0, max_size=1, acquire_timeout=0.05)
    async with database.connection():
        assert await refusal(database) == "All 1 connections to the database are in use."
    await write(database)
    await database.close()


async def test_an_error_of_a_statement_stays_what_it_is(database: Database) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with database.connection() as connection:
            await connection.execute("SELECT * FROM nothing")
    with pytest.raises(asyncpg.DataError):
        async with database.connection() as connection:
            await connection.fetchval("SELECT $1::int", "five")
