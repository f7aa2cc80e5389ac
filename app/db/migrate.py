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


class UnknownRevision(Exception):
    """The database has the schema of another release: newer than this one, or older than its oldest migration."""

    def __init__(self, found: str, newest: str | None) -> None:
        super().__init__(
            f"the schema is at revision {found}, which this release (of revision {newest}) does not know"
        )


async def migrate(database_url: str, revision: str = "head") -> None:
    """Bring the schema at `database_url` to `revision`. Waits while another process migrates.

    Raises:
        UnknownRevision: no migration leads on from the schema that is there. Nothing was changed.
    """
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(database_url), poolclass=NullPool
    )
    try:
        async with engine.connect() as connection:
            await connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK})")
            await connection.run_sync(_upgrade, revision)
            await connection.commit()
    finally:
        await engine.dispose()


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
