"""`localchat cache …`: the cache of a running service."""

import asyncio
from typing import Annotated

import typer

from app.cli.options import DEFAULT_URL, ApiKey, Url

app = typer.Typer(no_args_is_help=True, help="See what the cache does and holds, warm it and clear it.")

Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="embedding, retrieval or answer; all if not given.")
]


@app.command()
def stats(url: Url = DEFAULT_URL, api_key: ApiKey = None) -> None:
    """Hits, latencies and savings since the replica that answers began, and what each tier holds."""
    from app.cli.cache_tables import show_stats

    asyncio.run(show_stats(url=url, api_key=api_key))


@app.command()
def top(
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, max=200, help="How many.")] = 10,
    namespace: Namespace = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """The entries that were used most."""
    from app.cli.cache_tables import show_top

    asyncio.run(show_top(limit, namespace, url=url, api_key=api_key))


@app.command()
def clear(
    tier: Annotated[str | None, typer.Option("--tier", "-t", help="l1, l2 or l3; all if not given.")] = None,
    collection: Annotated[str | None, typer.Option("--collection", "-c", help="All if not given.")] = None,
    namespace: Namespace = None,
    expired: Annotated[bool, typer.Option("--expired", help="Only what has expired, in l3.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Remove entries. Nothing is lost by it but time: they are computed anew."""
    from app.cli.cache_tables import clear_cache

    if expired and (tier or collection or namespace):
        raise typer.BadParameter("goes alone", param_hint="--expired")
    if not (yes or expired or tier or collection or namespace):
        typer.confirm("Remove everything from every tier, pinned entries too?", abort=True)
    scope = {"tier": tier, "collection": collection, "namespace": namespace}
    asyncio.run(clear_cache(None if expired else scope, url=url, api_key=api_key))
