"""Databases of a test's own, on a server that others use too."""

import contextlib
from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg

from app.embedded.services.postgres import DATABASE, EmbeddedPostgres


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
