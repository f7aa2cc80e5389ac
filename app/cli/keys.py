"""`localchat keys …`: API keys of a service whose AUTH_MODE is api_key. Works on its database, running or not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.shared import CommandFailed, settings_with

if TYPE_CHECKING:
    from app.services.operations.api_keys import KeyService

app = typer.Typer(no_args_is_help=True, help="Make, list and revoke API keys.")

Name = Annotated[str, typer.Argument(help="A name to recognise the key by, such as its owner.")]


@app.command()
def create(
    name: Name, tenant: Annotated[str, typer.Option("--tenant", "-t", help="Whose data it opens.")] = "default"
) -> None:
    """Make a key and print it. It cannot be shown again."""

    async def run() -> str:
        async with _keys() as keys:
            return await keys.create(tenant, name)

    typer.echo(asyncio.run(run()))


@app.command("list")
def list_() -> None:
    """List every key, without its secret."""
    from rich.console import Console
    from rich.table import Table

    from app.services.operations.api_keys import KnownKey

    async def run() -> list[KnownKey]:
        async with _keys() as keys:
            return await keys.known()

    table = Table("name", "tenant", "made", "revoked")
    for key in asyncio.run(run()):
        revoked = "" if key.revoked_at is None else f"{key.revoked_at:%Y-%m-%d %H:%M}"
        table.add_row(key.name, key.tenant, f"{key.created_at:%Y-%m-%d %H:%M}", revoked)
    Console().print(table)


@app.command()
def revoke(name: Name) -> None:
    """Refuse the key of this name from now on; if several have the name, all of them."""

    async def run() -> int:
        async with _keys() as keys:
            return await keys.revoke(name)

    revoked = asyncio.run(run())
    if not revoked:
        raise CommandFailed(f"no key is called {name}, or it is revoked already (`localchat keys list`)")
    typer.echo(f"Revoked {revoked}.")


@asynccontextmanager
async def _keys() -> "AsyncIterator[KeyService]":
    from app.cli.embedded import own_database
    from app.services.operations.api_keys import KeyService

    async with own_database(settings_with()) as database:
        yield KeyService(database)
