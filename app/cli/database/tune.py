"""`localchat tune`: measures, prints and applies."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import orjson
import typer
from rich.console import Console
from rich.table import Table

from app.cli.embedded import own_database, with_embedded
from app.cli.shared import CommandFailed
from app.db.operations.tuning import GraphSettings
from app.domain.documents import Collection
from app.domain.retrieval import Vector
from app.errors import Conflict, InvalidInput, ModelUnsuitable, NotFound
from app.ollama.client import OllamaClient
from app.ollama.scheduling.lanes import Lane
from app.services.operations.index_tuning import TuningPlan, TuningReport, TuningService
from app.settings import Settings

_TENANT = "default"
_BATCH = 16
# pgvector's limits.
_FEWEST_LINKS, _MOST_LINKS, _MOST_EFFORT = 2, 100, 1000


def read_graph(text: str) -> GraphSettings:
    """Read `m:ef_construction`, within pgvector's limits.

    Raises:
        typer.BadParameter: it is none.
    """
    m, colon, effort = text.partition(":")
    if not (colon and m.isdecimal() and effort.isdecimal()):
        raise typer.BadParameter(f"{text!r} is not m:ef_construction, as in 16:200")
    graph = GraphSettings(int(m), int(effort))
    if not (_FEWEST_LINKS <= graph.m <= _MOST_LINKS and 2 * graph.m <= graph.ef_construction <= _MOST_EFFORT):
        raise typer.BadParameter(
            f"{text!r}: m is from {_FEWEST_LINKS} to {_MOST_LINKS}, ef_construction from twice m to {_MOST_EFFORT}"
        )
    return graph


async def run(settings: Settings, name: str, plan: TuningPlan, *, apply: bool, as_json: bool) -> bool:
    """Measure, print, and with `apply` store the best settings. Returns whether any were good enough.

    Raises:
        CommandFailed: the database does not answer, or the collection cannot be tuned.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    client = OllamaClient(with_embedded(settings).ollama_base_url, max_concurrency=1)
    try:
        async with own_database(settings) as database:
            service = TuningService(
                database,
                _Embedder(client),
                cache_table=settings.l3_cache_table,
                told=lambda line: console.print(f"… {line}", style="dim", markup=False),
            )
            report = await service.measure(_TENANT, name, plan)
            if apply and report.best is not None:
                await service.apply(report)
    except (NotFound, InvalidInput, Conflict) as error:
        raise CommandFailed(error.detail) from None
    finally:
        await client.aclose()
    applied = apply and report.best is not None
    if as_json:
        typer.echo(orjson.dumps(_plain(report, applied=applied), option=orjson.OPT_INDENT_2))
    else:
        _show(Console(highlight=False), report, applied=applied)
    return report.best is not None


class _Embedder:
    """Embeds a few questions at a time, behind all other work of the model servers."""

    def __init__(self, client: OllamaClient) -> None:
        self._client = client

    async def __call__(self, collection: Collection, texts: Sequence[str]) -> list[Vector]:
        space = collection.space
        info = await self._client.show(space.model)
        if info.digest != space.digest:
            raise ModelUnsuitable(f"the model server's {space.model} is not the one of the collection's vectors")
        vectors: list[Vector] = []
        for start in range(0, len(texts), _BATCH):
            batch = [space.query_prefix + text for text in texts[start : start + _BATCH]]
            vectors += await self._client.embed(batch, model=space.model, lane=Lane.BULK, dimension=space.dimension)
        return vectors


def _plain(report: TuningReport, *, applied: bool) -> dict[str, Any]:
    return {
        "collection": report.collection.name,
        "embedding_model": report.collection.space.model,
        "chunks": report.chunks,
        "asked": {"what": report.source, "count": report.asked},
        "target_recall": report.target,
        "exact": {"p50_ms": report.exact_p50_ms, "p95_ms": report.exact_p95_ms},
        "in_use": {**asdict(report.graph), "ef_search": report.ef_search},
        "trials": [asdict(trial) for trial in report.trials],
        "recommendation": asdict(report.best) if report.best else None,
        "applied": applied,
    }


def _show(console: Console, report: TuningReport, *, applied: bool) -> None:
    table = Table("graph", "ef_search", "recall@10", "recall@100", "p50 ms", "p95 ms", "")
    for trial in report.trials:
        shares = [f"{share:.3f}" for share in (trial.recall_at_10, trial.recall_at_depth)]
        times = [f"{took:.2f}" for took in (trial.p50_ms, trial.p95_ms)]
        in_use = (GraphSettings(trial.m, trial.ef_construction), trial.ef_search) == (
            report.graph,
            report.ef_search,
        )
        marks = ["in use"] * in_use + ["best"] * (trial == report.best)
        table.add_row(f"{trial.m}:{trial.ef_construction}", str(trial.ef_search), *shares, *times, ", ".join(marks))
    table.add_row("", "exact", "1.000", "1.000", f"{report.exact_p50_ms:.2f}", f"{report.exact_p95_ms:.2f}", "")
    console.print(
        f"{report.collection.name}: {report.chunks} passages of {report.collection.space.dimension} numbers, "
        f"asked {report.asked} {report.source} of its own"
    )
    console.print(table)
    if report.source == "passages":
        console.print("Too few questions are stored yet, so passages were asked, which may be easier to find.")
    if report.best is None:
        console.print(
            f"Nothing finds {report.target:.1%} of the ten nearest. Try a larger graph (--build 24:200) or ask for "
            "less (--recall)."
        )
        return
    best, graph = report.best, GraphSettings(report.best.m, report.best.ef_construction)
    advice = f"ef_search {best.ef_search}"
    if graph != report.graph:
        advice += f" in a graph of m {graph.m} and ef_construction {graph.ef_construction}"
    console.print(f"Recommended: {advice}: {best.recall_at_10:.1%} of the ten nearest in {best.p50_ms:.2f} ms.")
    console.print(
        "Applied: every search uses it from now on." if applied else "Nothing was changed; --apply does it."
    )
