"""The deep health report: the state of everything that the service depends on, for people and monitoring."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import disk_usage
from typing import Literal

from app.db.database import Database
from app.db.operations import health
from app.db.operations.health import Connections
from app.services.operations.health import Check, Examiner, Probe, ProbeResult, State, worst

ComponentType = Literal["datastore", "component", "system"]

_GIB = 1024**3


@dataclass(frozen=True, slots=True)
class Component:
    """Something to look at. `name` may come several times, told apart by `id`.

    Without a `required` one nothing can be served; the failure of another one is a warning.
    """

    name: str
    type: ComponentType
    probe: Probe
    required: bool = False
    id: str | None = None


@dataclass(frozen=True, slots=True)
class ComponentState:
    component: Component
    check: Check


@dataclass(frozen=True, slots=True)
class DeepHealthReport:
    """The states of all components at `taken_at` (seconds since 1970)."""

    status: State
    taken_at: float
    findings: Sequence[ComponentState]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on a reading is a warning: seconds, bytes, a number, or a share of the whole.

    `queue_attempts`: between the fifth and the sixth, a job has waited for half a minute in vain.
    """

    queue_age: float = 300.0
    queue_attempts: int = 5
    clock_offset: float = 1.0
    loop_lag: float = 0.25
    disk_free_bytes: float = 1.0 * _GIB
    disk_free_share: float = 0.05
    connections_share: float = 0.9


class DeepHealth:
    """Examines all components at once; simultaneous callers share one look, which is remembered for `max_age` s."""

    def __init__(self, components: Sequence[Component], examiner: Examiner, *, max_age: float = 1.0) -> None:
        self._components = components
        self._examiner = examiner
        self._max_age = max_age
        self._looking = asyncio.Lock()
        self._last: tuple[float, DeepHealthReport] | None = None

    async def report(self) -> DeepHealthReport:
        async with self._looking:
            if self._last is None or time.monotonic() - self._last[0] > self._max_age:
                self._last = (time.monotonic(), await self._look())
            return self._last[1]

    async def _look(self) -> DeepHealthReport:
        checks = await asyncio.gather(*(self._examiner.check(component.probe) for component in self._components))
        findings = []
        for component, check in zip(self._components, checks, strict=True):
            lost = check.status == "fail" and not component.required
            findings.append(ComponentState(component, replace(check, status="warn") if lost else check))
        return DeepHealthReport(worst(finding.check.status for finding in findings), time.time(), findings)


class RecentMaximum:
    """The largest of the last `size` observations, 0 before the first."""

    def __init__(self, size: int = 100) -> None:
        self._values: deque[float] = deque(maxlen=size)

    def observe(self, value: float) -> None:
        self._values.append(value)

    @property
    def value(self) -> float:
        return max(self._values, default=0.0)


def database_components(
    connections: Connections,
    limits: Thresholds = Thresholds(),
) -> list[Component]:
    """Postgres as its probes see it: the server, schema, extension, its clock and the queue.

    They take turns on one connection. The queue, the one table among them that can be large or locked, comes last.
    """

    async def server() -> ProbeResult:
        found = await health.server_of(connections)
        used = f"{found.connections} of {found.max_connections} connections"
        if found.standby:
            return ProbeResult(f"PostgreSQL {found.version} is a standby, which takes no writes.", "fail")
        full = found.connections >= limits.connections_share * found.max_connections
        return ProbeResult(
            f"PostgreSQL {found.version}, {used}.", "warn" if full else "pass", found.connections, "connections"
        )

    async def migrations() -> ProbeResult:
        return ProbeResult(f"At revision {await health.revision_of(connections)}, the newest.")

    async def pgvector() -> ProbeResult:
        return ProbeResult(f"pgvector {await health.pgvector_version(connections)}.")

    async def queue() -> ProbeResult:
        found = await health.queue_of(connections)
        detail = f"{found.queued} wait, the first for {found.oldest:.0f} s; {found.picked} run, "
        detail += f"the first for {found.oldest_picked:.0f} s; {found.held} are held."
        if found.attempts:
            detail += f" One is tried again, after {found.attempts} attempts."
        late = found.oldest > limits.queue_age or found.attempts >= limits.queue_attempts
        return ProbeResult(detail, "warn" if late else "pass", round(found.oldest, 3), "s")

    async def clock() -> ProbeResult:
        offset = await health.clock_offset(connections)
        far = abs(offset) > limits.clock_offset
        detail = f"The database's clock is {abs(offset):.3f} s {'ahead of' if offset > 0 else 'behind'} ours."
        return ProbeResult(detail, "warn" if far else "pass", round(offset, 6), "s")

    return [
        Component("postgres", "datastore", server, required=True),
        Component("migrations", "datastore", migrations, required=True),
        Component("pgvector", "datastore", pgvector, required=True),
        Component("clock", "system", clock),
        Component("queue", "datastore", queue),
    ]


def pool_component(pool: Database) -> Component:
    async def probe() -> ProbeResult:
        use = pool.use()
        detail = f"{use.busy} of at most {use.limit} connections in use, {use.idle} idle."
        return ProbeResult(detail, "warn" if use.busy >= use.limit else "pass", use.busy, "connections")

    return Component("pool", "component", probe)


def models_component(
    endpoint: str, models: Callable[[], Awaitable[frozenset[str]]], wanted: Sequence[str]
) -> Component:
    """One model server. `models` returns the canonical names of its models, of which `wanted` must be there."""

    async def probe() -> ProbeResult:
        present = await models()
        missing = [name for name in wanted if name not in present]
        if missing:
            return ProbeResult(f"Without {' and '.join(missing)}: pull the missing one, or choose another.", "fail")
        return ProbeResult(f"Has {' and '.join(wanted)}.", value=len(present), unit="models")

    return Component("models", "component", probe, id=endpoint)


def reranker_component(model: str, logits: Callable[[str, Sequence[str]], Awaitable[Sequence[float]]]) -> Component:
    """The reranker, asked for one score. Without it answers rest on the order of the search."""

    async def probe() -> ProbeResult:
        await logits("Is it there?", ["It is there."])
        return ProbeResult(f"{model} scores passages.")

    return Component("reranker", "component", probe)


def disk_component(folder: Path, limits: Thresholds = Thresholds()) -> Component:
    """The file system that `folder` is on, or would be."""

    def look() -> ProbeResult:
        existing = next(path for path in (folder, *folder.parents) if path.exists())
        usage = disk_usage(existing)
        low = usage.free < limits.disk_free_bytes or usage.free < limits.disk_free_share * usage.total
        detail = f"{usage.free / _GIB:.1f} of {usage.total / _GIB:.1f} GiB free."
        return ProbeResult(detail, "warn" if low else "pass", usage.free, "bytes")

    async def probe() -> ProbeResult:
        return await asyncio.to_thread(look)

    return Component("disk", "system", probe)


def loop_component(lag: RecentMaximum, limits: Thresholds = Thresholds()) -> Component:
    async def probe() -> ProbeResult:
        worst = lag.value
        detail = f"Late by {worst * 1000:.1f} ms at most in the last ten seconds."
        return ProbeResult(detail, "warn" if worst > limits.loop_lag else "pass", round(worst, 6), "s")

    return Component("event_loop", "system", probe)
