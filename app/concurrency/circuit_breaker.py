"""A circuit breaker (Nygard, "Release It!", ch. 5): stop calling a subsystem that keeps failing, and probe it."""

import random
import time
from collections.abc import Callable
from enum import StrEnum


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class CircuitBreaker:
    """Opens after `threshold` failures in a row for `cooldown` seconds, doubled at each failed probe to `longest`.

    After that it is half open: one call at a time may pass as a probe. Cooldowns are cut by up to a half at random,
    so that replicas do not probe together. A probe that reports nothing for `longest` seconds, because its call was
    cancelled, no longer keeps others from probing.

    Args:
        longest: the longest cooldown, in seconds; by default `cooldown`, so that it never grows.
        on_change: receives each new state. A cooldown that ends is no change until a call probes.
    """

    def __init__(
        self,
        *,
        threshold: int = 5,
        cooldown: float = 2.0,
        longest: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        on_change: Callable[[BreakerState], None] | None = None,
    ) -> None:
        self._threshold = threshold
        self._cooldown = cooldown
        self._longest = cooldown if longest is None else longest
        self._clock = clock
        self._on_change = on_change
        self._failures = 0
        self._trips = 0
        self._open_until = 0.0
        self._probe_until: float | None = None

    @property
    def state(self) -> BreakerState:
        if self._trips == 0:
            return BreakerState.CLOSED
        return BreakerState.OPEN if self._clock() < self._open_until else BreakerState.HALF_OPEN

    @property
    def ready(self) -> bool:
        """Whether `allows` would return True now."""
        if self._trips == 0:
            return True
        now = self._clock()
        return now >= self._open_until and (self._probe_until is None or now >= self._probe_until)

    def allows(self) -> bool:
        """Whether to make the call. A True while half open claims the probe."""
        if self._trips == 0:
            return True
        if not self.ready:
            return False
        self._probe_until = self._clock() + self._longest
        self._changed(BreakerState.HALF_OPEN)
        return True

    def succeeded(self) -> None:
        self._failures = 0
        if self._trips:
            self._trips = 0
            self._probe_until = None
            self._changed(BreakerState.CLOSED)

    def failed(self) -> None:
        """Count a failure. While open it changes nothing: that call began before the breaker opened."""
        self._failures += 1
        if self._probe_until is None and (self._trips or self._failures < self._threshold):
            return
        wait = min(self._longest, self._cooldown * 2**self._trips)
        self._open_until = self._clock() + wait * random.uniform(0.5, 1)  # noqa: S311 - jitter
        self._trips += 1
        self._probe_until = None
        self._changed(BreakerState.OPEN)

    def abandoned(self) -> None:
        """A call ended without a verdict, as one that was cancelled does: another may probe."""
        self._probe_until = None

    def suspect(self) -> None:
        """Let the next failure open it, without the remaining ones of `threshold`."""
        self._failures = self._threshold

    def _changed(self, state: BreakerState) -> None:
        if self._on_change is not None:
            self._on_change(state)
