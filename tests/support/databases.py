"""Databases of a test's own, on a server that others use too."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import uuid4

import asyncpg
import redis

from app.embedded.services.postgres import DATABASE, EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey

T = TypeVar("T")


@dataclass(frozen=True)
class Template(Generic[T]):
    """A database to copy, and what the function that filled it returned."""

    name: str
    filled: T


@contextlib.contextmanager
def filled_template(
    postgres_server: EmbeddedPostgres, fill: Callable[[str], Awaitable[T]]
) -> Iterator[Template[T]]:
    """A migrated database, filled once by `fill`, which gets its URL and leaves no connection open."""
    name = f"template_{uuid4().hex}"

    async def make() -> T:
        await _execute(postgres_server, f"CREATE DATABASE {name} TEMPLATE {DATABASE}")
        return await fill(postgres_server.url(name))

    try:
        yield Template(name, asyncio.run(make()))
    finally:
        asyncio.run(_execute(postgres_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@contextlib.asynccontextmanager
async def fresh_database(postgres_server: EmbeddedPostgres, template: str = DATABASE) -> AsyncIterator[str]:
    """The URL of a migrated database, empty or as its template, for as long as it is needed."""
    name = f"test_{uuid4().hex}"
    await _execute(postgres_server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield postgres_server.url(name)
    await _execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


async def _execute(postgres_server: EmbeddedPostgres, statement: str) -> None:
    admin = await asyncpg.connect(postgres_server.url("postgres"))
    try:
        await admin.execute(statement)
    finally:
        await admin.close()


def emptied(valkey_server: EmbeddedValkey) -> str:
    """The URL of a Valkey without keys."""
    with contextlib.closing(redis.Redis.from_url(valkey_server.url)) as client:
        client.flushall()
    return valkey_server.url
