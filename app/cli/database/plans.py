"""`localchat doctor --plans`."""

from rich.console import Console

from app.cache.backends.postgres import reading
from app.cli.database.connection import own_database
from app.cli.failure import CommandFailed
from app.errors import NotFound
from app.services.operations.query_plans import PlanService
from app.settings import Settings

_TENANT = "default"
_PAGE_KIB = 8


async def show_plans(settings: Settings, collection: str | None) -> None:
    """Print each hot query's plan, buffers and time, and what is wrong with them.

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
