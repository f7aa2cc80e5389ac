"""`localchat cache …`: the cache of a running service."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from app.cli.shared import DEFAULT_URL, ApiKey, Url

app = typer.Typer(no_args_is_help=True, help="See what the cache does and holds, warm it and clear it.")

Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="embedding, retrieval or answer; all if not given.")
]


@app.command()
def stats(url: Url = DEFAULT_URL, api_key: ApiKey = None) -> None:
    """Hits, latencies and savings since the replica that answers began, and what each tier holds."""
    from app.cli.cache.tables import show_stats

    asyncio.run(show_stats(url=url, api_key=api_key))


@app.command()
def top(
    limit: Annotated[int, typer.Option("--limit", "-l", min=1, max=200, help="How many.")] = 10,
    namespace: Namespace = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """The entries that were used most."""
    from app.cli.cache.tables import show_top

    asyncio.run(show_top(limit, namespace, url=url, api_key=api_key))


@app.command()
def semantic(
    collection: Annotated[str | None, typer.Option("--collection", "-c", help="All if not given.")] = None,
    examples: Annotated[int, typer.Option("--examples", "-e", min=0, max=50, help="How many of each kind.")] = 3,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """How often matching questions by meaning hits and errs, and from which similarity it keeps the budget."""
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
        bool, typer.Option("--answers", help="Compare answers, each of which has to be written, not searches.")
    ] = False,
    budget: Annotated[
        list[float] | None, typer.Option("--budget", "-b", help="Wrong answers per request; can be repeated.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", "-l", min=1, help="The first so many questions.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """What matching by meaning would save and get wrong on a log of questions, so that a budget can be chosen.

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
        Path | None, typer.Option("--file", "-f", help="Questions to ask, one a line; else those used most.")
    ] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", "-l", min=1, max=1000, help="How many of those used most; 100.")
    ] = None,
    collection: Annotated[
        str | None, typer.Option("--collection", "-c", help="Any if not given; of a file's questions, default.")
    ] = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="retrieval or answer alone; a file's are answered.")
    ] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Ask questions ahead, so that their results are in memory: gradually, and while the service is not busy."""
    from app.cli.cache.warm import questions_in, warm_cache

    if file is not None and limit is not None:
        raise typer.BadParameter("is of the most used; a file's questions are all asked", param_hint="--limit")
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
    """Remove entries. Nothing is lost by it but time: they are computed anew."""
    from app.cli.cache.tables import clear_cache

    if expired and (tier or collection or namespace):
        raise typer.BadParameter("goes alone", param_hint="--expired")
    if not (yes or expired or tier or collection or namespace):
        typer.confirm("Remove everything from every tier, pinned entries too?", abort=True)
    scope = {"tier": tier, "collection": collection, "namespace": namespace}
    asyncio.run(clear_cache(None if expired else scope, url=url, api_key=api_key))
