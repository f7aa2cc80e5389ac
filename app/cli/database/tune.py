"""`localchat tune`: its options."""

import asyncio
from typing import Annotated

import typer

from app.cli.options import Collection


def tune(
    collection: Collection = "default",
    questions: Annotated[int, typer.Option(help="How many to ask at most.", min=20, max=5000)] = 200,
    recall: Annotated[
        float, typer.Option(help="What share of the ten nearest must be found.", min=0.5, max=1.0)
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
    """Find out how much of a collection's graph of vectors has to be looked at.

    Asks the questions that were asked before, or passages where there are too few, of the graph and of an exact
    search, and prints what is found in what time. The service goes on meanwhile: one connection works, half of the
    time. The exit code is 1 when nothing that was tried finds enough.
    """
    from app.cli.database.tune_run import read_graph, run
    from app.services.operations.index_tuning import TuningPlan
    from app.settings import load_settings

    plan = TuningPlan(questions, recall, seconds, [read_graph(text) for text in build or ()])
    if not asyncio.run(run(load_settings(), collection, plan, apply=apply, as_json=as_json)):
        raise typer.Exit(1)
