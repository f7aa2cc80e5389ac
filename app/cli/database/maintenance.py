"""`localchat maintain` and `localchat doctor --plans`: maintenance of the database, and its query plans."""

import time

from rich.console import Console

from app.cache.backends.postgres import reading
from app.cli.embedded import own_database
from app.cli.shared import CommandFailed
from app.errors import NotFound
from app.services.operations.maintenance import MaintenanceCommand
from app.services.operations.query_plans import PlanService
from app.settings import Settings

_TENANT = "default"
_PAGE_KIB = 8


async def run_maintenance(settings: Settings) -> None:
    """Run every step of maintenance, and print each with the seconds that it took.

    Raises:
        CommandFailed: the database does not answer.
    """
    console = Console()
    async with own_database(settings) as database:
        began, steps = time.monotonic(), 0
        async for step in MaintenanceCommand(database, cache_table=settings.l3_cache_table).run():
            seconds = time.monotonic() - began
            console.print(f"{step.what:>9}  {step.detail} ({seconds:.1f} s)", soft_wrap=True, highlight=False)
            began, steps = time.monotonic(), steps + 1
    console.print(f"Done: {steps} steps.")


async def show_plans(settings: Settings, collection: str | None) -> None:
    """Print each hot query's plan, buffers, time and warnings.

    Raises:
        CommandFailed: the database does not answer, or there is no such collection.
    """
    try:
        async with own_database(settings) as database:
            table = settings.l3_cache_table
            plans = PlanService(database, cached=reading(table), cache_table=table)
            report = await plans.explain(_TENANT, collection)
    except NotFound as error:
        raise CommandFailed(error.detail) from None
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"Collection: {report.collection or 'none'}")
    for plan in report.plans:
        console.print(
            f"\n[bold]{plan.title}[/]: {plan.execution_ms:.2f} ms, planned in {plan.planning_ms:.2f} ms, "
            f"{plan.buffers_hit * _PAGE_KIB} KiB from memory, {plan.buffers_read * _PAGE_KIB} KiB read"
        )
        for line in plan.plan:
            console.print(f"  {line}", markup=False)
        for warning in plan.warnings:
            console.print(f"  [bold red]![/] {warning}")
    console.print()
    for warning in report.warnings:
        console.print(f"[bold red]![/] {warning}")
    if not report.warnings and not any(plan.warnings for plan in report.plans):
        console.print("[green]ok[/] every index is used, and the statistics are up to date")
