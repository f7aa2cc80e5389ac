"""`localchat keys …`: API keys of a service whose AUTH_MODE asks for them. It works on the database itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import typer

from app.cli.shared import CommandFailed, settings_with

if TYPE_CHECKING:
    from app.domain.access.keys import ApiKey
    from app.services.access.keys import KeyService

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="Make, list, change, rotate and revoke API keys.")

Label = Annotated[str, typer.Argument(help="A label to recognise the key by, such as its owner.")]
Id = Annotated[UUID, typer.Argument(help="The key's id, as `localchat keys list` shows it.")]
Scopes = Annotated[
    list[str] | None,
    typer.Option("--scope", "-s", help="read, write, admin or operator; repeat it for several. Default: write."),
]
Collections = Annotated[
    list[str] | None,
    typer.Option("--collection", "-c", help="A collection within reach, or a pattern; repeat it for several."),
]
Groups = Annotated[
    list[str] | None,
    typer.Option("--group", "-g", help="A group that readers of collections are named by; repeat it for several."),
]
Days = Annotated[float | None, typer.Option("--expires-in", help="Days until the key ends.", min=0)]


@app.command()
def create(
    label: Label,
    tenant: Annotated[str, typer.Option("--tenant", "-t", help="Whose data it opens.")] = "default",
    scope: Scopes = None,
    collection: Collections = None,
    group: Groups = None,
    expires_in: Days = None,
) -> None:
    """Make a key and print its secret. It cannot be shown again."""
    from app.domain.access.caller import EVERY_COLLECTION
    from app.domain.access.keys import KeyGrant

    grant = KeyGrant(
        label=label,
        scopes=_scopes(scope or ["write"]),
        collections=tuple(collection) if collection else EVERY_COLLECTION,
        groups=tuple(group or ()),
        expires_at=_expiry(expires_in),
    )
    typer.echo(_with_keys(lambda keys: keys.create(tenant, grant)).secret)


@app.command("list")
def list_() -> None:
    """List the keys of all tenants, without their secrets."""
    from rich.console import Console
    from rich.table import Table

    async def every(keys: "KeyService") -> "list[ApiKey]":
        found: list[ApiKey] = []
        cursor = None
        while True:
            page = await keys.list(None, limit=200, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    table = Table("id", "label", "tenant", "scopes", "collections", "groups", "made", "last used", "ends")
    for key in _with_keys(every):
        ends = f"revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else _shown(key.expires_at)
        table.add_row(
            str(key.id),
            key.label,
            key.tenant,
            ", ".join(sorted(key.scopes)),
            ", ".join(key.collections),
            ", ".join(key.groups),
            _shown(key.created_at),
            _shown(key.last_used_at),
            ends,
        )
    console = Console()
    console.width = max(console.width, 160)  # an id that is cut is of no use
    console.print(table)


@app.command()
def change(
    key: Id,
    label: Annotated[str | None, typer.Option(help="Another label.")] = None,
    scope: Scopes = None,
    collection: Collections = None,
    group: Groups = None,
    expires_in: Days = None,
) -> None:
    """Change what a key opens; what is not named stays."""
    changes: dict[str, Any] = {}
    if label is not None:
        changes["label"] = label
    if scope:
        changes["scopes"] = _scopes(scope)
    if collection:
        changes["collections"] = tuple(collection)
    if group:
        changes["groups"] = tuple(group)
    if expires_in is not None:
        changes["expires_at"] = _expiry(expires_in)
    _with_keys(lambda keys: keys.change(key, changes))
    typer.echo("Changed.")


@app.command()
def rotate(
    key: Id,
    grace: Annotated[float, typer.Option(help="Hours for which the secret before is valid as well.", min=0)] = 24,
) -> None:
    """Give a key a new secret and print it. It cannot be shown again."""
    typer.echo(_with_keys(lambda keys: keys.rotate(key, grace=timedelta(hours=grace))).secret)


@app.command()
def revoke(key: Id) -> None:
    """Refuse a key from now on, with all its secrets."""
    _with_keys(lambda keys: keys.revoke(key))
    typer.echo("Revoked.")


def _with_keys(work: "Callable[[KeyService], Awaitable[T]]") -> T:
    """Do something with the keys of the service's database.

    Raises:
        CommandFailed: with the reason, in one line.
    """
    from app.errors import LocalChatError

    async def run() -> T:
        async with _keys() as keys:
            return await work(keys)

    try:
        return asyncio.run(run())
    except LocalChatError as error:
        raise CommandFailed(error.detail) from None


@asynccontextmanager
async def _keys() -> "AsyncIterator[KeyService]":
    from app.cli.embedded import key_pepper, own_database
    from app.services.access.keys import KeyService

    settings = settings_with()
    async with own_database(settings) as database:
        yield KeyService(database, key_pepper(settings))


def _scopes(names: list[str]) -> "frozenset[Any]":
    from app.domain.access.caller import AccessScope

    try:
        return frozenset(map(AccessScope, names))
    except ValueError:
        raise CommandFailed(f"--scope: each is one of {', '.join(AccessScope)}") from None


def _expiry(days: float | None) -> datetime | None:
    return None if days is None else datetime.now(UTC) + timedelta(days=days)


def _shown(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M}"
