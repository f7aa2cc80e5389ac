"""A circuit breaker: stop asking a subsystem that keeps failing, and probe it now and then."""

import time
from collections.abc import Callable
from enum import StrEnum


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class CircuitBreaker:
    """Opens after `threshold` failures in a row; after `cooldown` seconds lets one probe through at a time.

    A probe that never reports, because its request was cancelled, is given up after another `cooldown`.
    """

    def __init__(
        self,
        name: str,
        *,
        threshold: int = 5,
        cooldown: float = 2.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._threshold = threshold
        self._cooldown = cooldown
        self._clock = clock
        self._failures = 0
        self._retry_at = 0.0
        self._state = BreakerState.CLOSED

    @property
    def state(self) -> BreakerState:
        return self._state

    def allows(self) -> bool:
        """Whether to make the call. A True while not closed claims the probe."""
        if self._state is BreakerState.CLOSED:
            return True
        now = self._clock()
        if now < self._retry_at:
            return False
        self._state = BreakerState.HALF_OPEN
        self._retry_at = now + self._cooldown
        return True

    def succeeded(self) -> None:
        self._failures = 0
        self._state = BreakerState.CLOSED

    def failed(self) -> None:
        self._failures += 1
        if self._state is BreakerState.HALF_OPEN or self._failures >= self._threshold:
            self._state = BreakerState.OPEN
            self._retry_at = self._clock() + self._cooldown
