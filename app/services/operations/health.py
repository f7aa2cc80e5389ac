"""Whether this process lives, has started, and can serve."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from app.concurrency.timeouts import Deadline
from app.errors import LocalChatError

_log = logging.getLogger(__name__)

State = Literal["pass", "warn", "fail"]
_SEVERITY: tuple[State, ...] = ("pass", "warn", "fail")


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The finding of a probe whose target answers; `value` is in `unit`."""

    detail: str
    status: State = "pass"
    value: float | None = None
    unit: str | None = None


# Returns its finding, or None when all is well. An exception is the reason of a failure.
Probe = Callable[[], Awaitable[ProbeResult | None]]


@dataclass(frozen=True, slots=True)
class Check:
    """One probe's outcome; `seconds` is how long it took."""

    status: State
    seconds: float
    detail: str | None = None
    value: float | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """`fail` if a required check failed, `warn` if something else is not well."""

    status: State
    checks: Mapping[str, Check]


class Examiner:
    """Runs probes, each under a deadline that holds even for one that ignores its cancellation.

    Args:
        timeout: seconds for each probe.
    """

    def __init__(self, timeout: float = 0.5) -> None:
        self._deadline = Deadline(timeout)

    async def check(self, probe: Probe) -> Check:
        began = time.perf_counter()
        reading = await self._read(probe)
        return Check(
            reading.status, time.perf_counter() - began, reading.detail or None, reading.value, reading.unit
        )

    async def check_all(self, probes: Mapping[str, Probe]) -> dict[str, Check]:
        checks = await asyncio.gather(*(self.check(probe) for probe in probes.values()))
        return dict(zip(probes, checks, strict=True))

    async def _read(self, probe: Probe) -> ProbeResult:
        try:
            return await self._deadline.run(probe()) or ProbeResult("")
        except TimeoutError:
            return ProbeResult(f"No answer within {self._deadline.seconds:g} s.", "fail")
        except LocalChatError as error:
            return ProbeResult(error.detail, "fail")
        except Exception as error:  # noqa: BLE001 - whatever a driver raises, the dependency is down
            return ProbeResult(f"Failed ({type(error).__name__}).", "fail")


class HealthService:
    """Runs probes together and remembers the outcome for a moment.

    Args:
        required: without these nothing can be served.
        optional: losing one costs speed or answers, but not the service.
        startup: must pass once before the process counts as started.
        examiner: runs the probes.
        draining: returns whether the process is stopping: it finishes its requests and should get no new ones.
        max_age: seconds for which readiness is remembered, so that probes cannot load their targets.
        observe: receives each dependency's name, and whether it is up.
    """

    def __init__(
        self,
        *,
        required: Mapping[str, Probe],
        optional: Mapping[str, Probe],
        startup: Mapping[str, Probe],
        examiner: Examiner,
        draining: Callable[[], bool] = lambda: False,
        max_age: float = 1.5,
        observe: Callable[[str, bool], None] = lambda _name, _up: None,
    ) -> None:
        self._required = required
        self._optional = optional
        self._startup = startup
        self._examiner = examiner
        self._draining = draining
        self._max_age = max_age
        self._observe = observe
        self._started: Health | None = None
        self._ready: tuple[float, Health] | None = None
        self._failing: dict[str, str | None] = {}
        self._probing = asyncio.Lock()

    async def watch(self, interval: float = 5.0) -> None:
        """Probe every `interval` seconds, so that the gauges are right where no orchestrator probes."""
        while True:
            await self.ready()
            await asyncio.sleep(interval)

    async def startup(self) -> Health:
        if self._started is None:
            health = sum_up(await self._examiner.check_all(self._startup), required=self._startup)
            if health.status == "fail":
                return health
            self._started = health
        return self._started

    async def ready(self) -> Health:
        if self._draining():
            return Health("fail", {"draining": Check("fail", 0.0, "The process is stopping.")})
        async with self._probing:
            if self._ready is None or time.monotonic() - self._ready[0] > self._max_age:
                checks = await self._examiner.check_all({**self._required, **self._optional})
                for name, check in checks.items():
                    self._observe(name, check.status == "pass")
                    self._log_change(name, check)
                self._ready = (time.monotonic(), sum_up(checks, required=self._required))
            return self._ready[1]

    def _log_change(self, name: str, check: Check) -> None:
        """Log a dependency that fails for a new reason, and one that is well again; not every failed check."""
        if check.status == "pass":
            if name in self._failing:
                del self._failing[name]
                _log.info("%s is well again", name)
        elif self._failing.get(name, "") != check.detail:
            self._failing[name] = check.detail
            _log.warning("%s: %s", name, check.detail)


def sum_up(checks: Mapping[str, Check], *, required: Collection[str]) -> Health:
    """Turn the failure of a check that is not required into a warning."""
    toned = {
        name: replace(check, status="warn") if check.status == "fail" and name not in required else check
        for name, check in checks.items()
    }
    return Health(worst(check.status for check in toned.values()), toned)


def worst(states: Iterable[State]) -> State:
    return max(states, key=_SEVERITY.index, default="pass")
