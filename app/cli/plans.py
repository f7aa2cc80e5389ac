"""`localchat doctor --plans`."""

from rich.console import Console

from app.cache.postgres import reading
from app.cli.failure import CommandFailed
from app.db.database import Database
from app.embedded.postgres import EmbeddedPostgres
from app.errors import LocalChatError
from app.services.plans import PlanService
from app.settings import Settings

_TENANT = "default"
_PAGE_KIB = 8


async def show_plans(settings: Settings, collection: str | None) -> None:
    """Print each hot query's plan, buffers and time, and what is wrong with them.

    Raises:
        CommandFailed: the database does not answer, or there is no such collection.
    """
    url = settings.database_url or EmbeddedPostgres(settings.data_dir / "postgres").url()
    try:
        database = await Database.connect(url, min_size=1, max_size=4)
        try:
            plans = PlanService(database, cached=reading(settings.l3_cache_table))
            report = await plans.explain(_TENANT, collection)
        finally:
            await database.close()
    except LocalChatError as error:
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
