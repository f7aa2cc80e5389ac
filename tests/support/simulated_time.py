"""An event loop whose clock jumps to the next timer, so that seconds cost nothing and are exact."""

import asyncio
import functools
import selectors
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec

P = ParamSpec("P")


class _Jumping(selectors.SelectSelector):
    """Never waits: the time that it was asked to wait has passed."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or not timeout:
            if timeout is None and not ready:
                raise RuntimeError("everyone waits for something that never happens")
            return ready
        self.now += timeout
        return ready


class SimulatedTime(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def spend(self, seconds: float) -> None:
        """Let time pass in which the loop does not turn, as if it computed."""
        self._jumping.now += seconds


def simulated_time(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run a test in simulated time. It uses no server, no thread and no asynchronous fixture."""

    @functools.wraps(test)
    def run(*given: P.args, **named: P.kwargs) -> None:
        async def tested() -> None:
            await test(*given, **named)

        with asyncio.Runner(loop_factory=SimulatedTime) as runner:
            runner.run(tested())

    return run


def clock() -> SimulatedTime:
    """The running loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedTime)
    return loop
