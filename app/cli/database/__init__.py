"""The commands of the database: `localchat migrate`, `maintain` and `tune`."""

import asyncio
from typing import Annotated

import typer

from app.cli.shared import Collection, settings_with


def migrate(
    wait: Annotated[float, typer.Option(help="Seconds to wait for the database to answer.")] = 0,
) -> None:
    """Bring the database of DATABASE_URL to this release's schema."""
    from app.cli.database.migrate import run_migration

    settings = settings_with("database_url")
    assert settings.session_url is not None
    asyncio.run(run_migration(settings.session_url, wait, cache_table=settings.l3_cache_table))


def maintain() -> None:
    """Purge what was deleted, vacuum, rebuild bloated vector indexes, refresh statistics.

    Questions and ingestion go on meanwhile.
    """
    from app.cli.database.maintenance import run_maintenance

    asyncio.run(run_maintenance(settings_with()))


def tune(
    collection: Collection = "default",
    questions: Annotated[int, typer.Option(help="Questions to ask at most.", min=20, max=5000)] = 200,
    recall: Annotated[
        float, typer.Option(help="Share of the ten nearest vectors that must be found.", min=0.5, max=1.0)
    ] = 0.97,
    seconds: Annotated[
        float, typer.Option(help="To measure for, besides the time that graphs take to build.", min=1)
    ] = 120,
    build: Annotated[
        list[str] | None,
        typer.Option(help="Another graph to build and try, as m:ef_construction; may be given several times."),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Let every search use the best from now on.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure how much of a collection's vector graph a search has to look at.

    Asks the questions that were asked before, or passages where there are too few, of the graph and of an exact
    search, and prints recall and time of each. The service goes on meanwhile: one connection works, half of the
    time. The exit code is 1 when no graph that was tried finds enough.
    """
    from app.cli.database.tune import read_graph, run
    from app.services.operations.index_tuning import TuningPlan

    plan = TuningPlan(questions, recall, seconds, [read_graph(text) for text in build or ()])
    if not asyncio.run(run(settings_with(), collection, plan, apply=apply, as_json=as_json)):
        raise typer.Exit(1)
