"""`localchat cache …`: the cache of a running service."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from app.cli.shared import DEFAULT_URL, ApiKey, Url

app = typer.Typer(no_args_is_help=True, help="Inspect, warm and clear the cache.")

Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="embedding, retrieval or answer; all if not given.")
]


@app.command()
def stats(url: Url = DEFAULT_URL, api_key: ApiKey = None) -> None:
    """Show hits, latencies and savings of one replica since its start, and the contents of each tier."""
    from app.cli.cache.tables import show_stats

    asyncio.run(show_stats(url=url, api_key=api_key))


@app.command()
def top(
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, max=200, help="How many.")] = 10,
    namespace: Namespace = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Show the most used entries."""
    from app.cli.cache.tables import show_top

    asyncio.run(show_top(limit, namespace, url=url, api_key=api_key))


@app.command()
def semantic(
    collection: Annotated[str | None, typer.Option("--collection", "-c", help="All if not given.")] = None,
    examples: Annotated[int, typer.Option("--examples", "-e", min=0, max=50, help="How many of each kind.")] = 3,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Show hits and errors of matching by meaning, and the similarity from which it keeps the budget."""
    from app.cli.cache.semantic import show_matching

    asyncio.run(show_matching(collection, examples, url=url, api_key=api_key))


@app.command()
def replay(
    trace: Annotated[
        Path, typer.Argument(help="A log: JSON lines (text, query or question), or one question a line.")
    ],
    collection: Annotated[str, typer.Option("--collection", "-c", help="What they are asked of.")] = "default",
    top_k: Annotated[int, typer.Option("--top-k", "-k", min=1, max=50, help="Passages.")] = 5,
    answers: Annotated[
        bool,
        typer.Option("--answers", help="Compare answers, each of which has to be generated, instead of searches."),
    ] = False,
    budget: Annotated[
        list[float] | None, typer.Option("--budget", "-b", help="Wrong answers per request; can be repeated.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", "-l", min=1, help="The first so many questions.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Measure on a log of questions what matching by meaning would save and get wrong, to choose a budget.

    Nothing is served from the cache and nothing is put into it.
    """
    from app.cli.cache.replay import BUDGETS, ReplayOptions, replay_trace

    if any(not 0 < each < 1 for each in budget or ()):
        raise typer.BadParameter("is between 0 and 1", param_hint="--budget")
    options = ReplayOptions(collection, top_k, answers, budget or BUDGETS, limit)
    asyncio.run(replay_trace(trace, options, url=url, api_key=api_key))


@app.command()
def warm(
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="A file of questions, one a line; default: the most used questions."),
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-l", min=1, max=1000, help="How many of those used most; 100.")
    ] = None,
    collection: Annotated[
        str | None, typer.Option("--collection", "-c", help="Default: any; for a file of questions, `default`.")
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option("--namespace", "-n", help="Warm retrieval or answer alone; a file's questions are answered."),
    ] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Ask questions ahead, so that their results are in memory: gradually, while the service is not busy."""
    from app.cli.cache.warm import questions_in, warm_cache

    if file is not None and limit is not None:
        raise typer.BadParameter("limits the most used questions; a file's are all asked", param_hint="--limit")
    asked = {
        "queries": questions_in(file) if file else None,
        "limit": limit,
        "collection": collection,
        "namespace": namespace,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    asyncio.run(warm_cache(given, url=url, api_key=api_key))


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
    """Remove entries. They are computed again when they are needed."""
    from app.cli.cache.tables import clear_cache

    if expired and (tier or collection or namespace):
        raise typer.BadParameter("goes alone", param_hint="--expired")
    if not (yes or expired or tier or collection or namespace):
        typer.confirm("Remove everything from every tier, pinned entries too?", abort=True)
    scope = {"tier": tier, "collection": collection, "namespace": namespace}
    asyncio.run(clear_cache(None if expired else scope, url=url, api_key=api_key))
