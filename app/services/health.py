"""Whether this process lives, has started, and can serve."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from app.errors import LocalChatError

State = Literal["pass", "warn", "fail"]
# Returns normally when all is well; what it raises says what is not.
Probe = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Check:
    """One probe's outcome; `seconds` is how long it took."""

    status: State
    seconds: float
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """`fail` if a required check failed, `warn` if another did."""

    status: State
    checks: Mapping[str, Check]


class HealthService:
    """Runs probes together, each under a deadline, and remembers the outcome for a moment.

    Args:
        required: without these nothing can be served.
        optional: losing one costs speed or answers, but not the service.
        startup: must pass once before the process counts as started.
        timeout: seconds for each probe.
        max_age: seconds for which readiness is remembered, so that probes cannot load what they probe.
        observe: told of each dependency whether it is up.
    """

    def __init__(
        self,
        *,
        required: Mapping[str, Probe],
        optional: Mapping[str, Probe],
        startup: Mapping[str, Probe],
        timeout: float = 0.5,
        max_age: float = 1.5,
        observe: Callable[[str, bool], None] = lambda _name, _up: None,
    ) -> None:
        self._required = required
        self._optional = optional
        self._startup = startup
        self._timeout = timeout
        self._max_age = max_age
        self._observe = observe
        self._draining = False
        self._started: Health | None = None
        self._ready: tuple[float, Health] | None = None
        self._probing = asyncio.Lock()

    def drain(self) -> None:
        """From now on the process is not ready: it finishes what it has and takes nothing new."""
        self._draining = True

    async def startup(self) -> Health:
        if self._started is None:
            health = _sum(await self._run(self._startup), {})
            if health.status == "fail":
                return health
            self._started = health
        return self._started

    async def ready(self) -> Health:
        if self._draining:
            return Health("fail", {"draining": Check("fail", 0.0, "The process is stopping.")})
        async with self._probing:
            if self._ready is None or time.monotonic() - self._ready[0] > self._max_age:
                required, optional = await asyncio.gather(self._run(self._required), self._run(self._optional))
                for name, check in (required | optional).items():
                    self._observe(name, check.status == "pass")
                self._ready = (time.monotonic(), _sum(required, optional))
            return self._ready[1]

    async def _run(self, probes: Mapping[str, Probe]) -> dict[str, Check]:
        checks = await asyncio.gather(*(self._check(probe) for probe in probes.values()))
        return dict(zip(probes, checks, strict=True))

    async def _check(self, probe: Probe) -> Check:
        began = time.perf_counter()
        detail: str | None = None
        try:
            async with asyncio.timeout(self._timeout):
                await probe()
        except TimeoutError:
            detail = f"No answer within {self._timeout:g} s."
        except LocalChatError as error:
            detail = error.detail
        except Exception as error:  # noqa: BLE001 - whatever a driver raises, the dependency is down
            detail = f"Failed ({type(error).__name__})."
        return Check("fail" if detail else "pass", time.perf_counter() - began, detail)


def _sum(required: dict[str, Check], optional: dict[str, Check]) -> Health:
    lost = {name: Check("warn", check.seconds, check.detail) for name, check in optional.items() if check.detail}
    failed = any(check.status == "fail" for check in required.values())
    return Health("fail" if failed else "warn" if lost else "pass", required | optional | lost)
