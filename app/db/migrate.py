"""Schema migrations: Alembic's scripts, run over asyncpg so that one driver reads one kind of URL."""

from pathlib import Path

import asyncpg
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.util import await_only

from alembic import command, op

_INI = Path(__file__).parents[2] / "alembic.ini"

# Two replicas that start together must not both migrate; any constant will do.
_LOCK = 0x10CA1C4A

# `uuidv7()` came with PostgreSQL 18.
_OLDEST_SERVER = 180000

_SERVER = """
SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS version,
    current_user AS role, current_database() AS database,
    EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') AS has_vector,
    e.extname IS NOT NULL AS made_vector, n.nspname AS schema, n.nspname = ANY (current_schemas(true)) AS reached,
    coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS may_create
FROM (SELECT) one LEFT JOIN pg_extension e ON e.extname = 'vector'
    LEFT JOIN pg_namespace n ON n.oid = e.extnamespace
"""


class MigrationRefused(Exception):
    """The database cannot be migrated. The message is one line that says what to do."""


class UnknownRevision(MigrationRefused):
    """The database has the schema of another release: newer than this one, or older than its oldest migration."""

    def __init__(self, found: str, newest: str | None) -> None:
        super().__init__(
            f"the schema is at revision {found}, which this release (revision {newest}) does not know; run the "
            "release that made it, or begin anew with an empty database (`localchat up`: "
            "`mv DATA_DIR/postgres DATA_DIR/postgres.old`) and ingest again"
        )


async def migrate(database_url: str, revision: str = "head") -> None:
    """Bring the schema at `database_url` to `revision`. Waits while another process migrates.

    Raises:
        MigrationRefused: the server, its extensions, our rights or the schema do not suit. Nothing was changed.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(database_url), poolclass=NullPool
    )
    try:
        async with engine.connect() as connection:
            await connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK})")
            await connection.run_sync(_upgrade, revision)
            await connection.commit()
    except asyncpg.InsufficientPrivilegeError as error:
        raise MigrationRefused(_without_rights(error)) from error
    finally:
        await engine.dispose()


async def check_server(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """
    Raises:
        MigrationRefused: the server is too old, or lacks what the migrations cannot give it.
    """
    found = await connection.fetchrow(_SERVER)
    assert found is not None
    if found["number"] < _OLDEST_SERVER:
        raise MigrationRefused(f"PostgreSQL 18 or newer is needed; this server is {found['version']}")
    if not found["made_vector"] and not found["has_vector"]:
        raise MigrationRefused("the server lacks pgvector: install it there (https://github.com/pgvector/pgvector)")
    if found["made_vector"] and not found["reached"]:
        raise MigrationRefused(
            f"pgvector is in the schema {found['schema']}, which is not in the search path; run "
            f"`ALTER DATABASE {found['database']} SET search_path = public, {found['schema']}`"
        )
    if not found["may_create"]:
        raise MigrationRefused(
            f"the role {found['role']} may not create tables; as the owner of the database, run "
            f"`GRANT CREATE ON SCHEMA public TO {found['role']}`"
        )


def run_sql(script: str) -> None:
    """Run several statements inside the current migration's transaction."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    await_only(driver.execute(script))


def _upgrade(connection: Connection, revision: str) -> None:
    config = Config(_INI)
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise UnknownRevision(found, scripts.get_current_head())
    command.upgrade(config, revision)


def _without_rights(error: asyncpg.InsufficientPrivilegeError) -> str:
    if "extension" in str(error):
        return "the role may not create pgvector; run `CREATE EXTENSION vector` in this database as a superuser"
    return f"the role lacks a right: {error}; run the migration as the owner of the tables"
