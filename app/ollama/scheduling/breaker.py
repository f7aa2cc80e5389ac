"""A circuit breaker (Nygard, "Release It!", ch. 5): stop asking what does not answer."""

import random
import time
from collections.abc import Callable
from enum import StrEnum


class Circuit(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class EndpointBreaker:
    """Opens after `threshold` failures in a row, for `cooldown` seconds, doubled at each failed probe.

    After that one request at a time may pass as a probe. Cooldowns are cut by up to a half at random, so
    that replicas do not probe together, and never exceed `longest` seconds.
    """

    def __init__(
        self,
        *,
        on_change: Callable[[Circuit], None],
        clock: Callable[[], float] = time.monotonic,
        threshold: int = 3,
        cooldown: float = 5.0,
        longest: float = 60.0,
    ) -> None:
        self._clock = clock
        self._on_change = on_change
        self._threshold = threshold
        self._cooldown = cooldown
        self._longest = longest
        self._failures = 0
        self._trips = 0
        self._opened_until = 0.0
        self._probing = False

    @property
    def circuit(self) -> Circuit:
        if self._trips == 0:
            return Circuit.CLOSED
        return Circuit.OPEN if self._clock() < self._opened_until else Circuit.HALF_OPEN

    @property
    def admits(self) -> bool:
        return self.circuit is Circuit.CLOSED or (self.circuit is Circuit.HALF_OPEN and not self._probing)

    def start(self) -> None:
        if self.circuit is Circuit.HALF_OPEN:
            self._probing = True
            self._on_change(Circuit.HALF_OPEN)

    def succeed(self) -> None:
        changed = self._trips > 0
        self._failures = self._trips = 0
        self._probing = False
        if changed:
            self._on_change(Circuit.CLOSED)

    def fail(self) -> None:
        self._failures += 1
        if self._probing or (self._trips == 0 and self._failures >= self._threshold):
            wait = min(self._longest, self._cooldown * 2**self._trips)
            self._opened_until = self._clock() + wait * random.uniform(0.5, 1)  # noqa: S311
            self._trips += 1
            self._on_change(Circuit.OPEN)
        self._probing = False

    def give_up(self) -> None:
        """Let the next failure open it: there is nothing to find out by a third."""
        self._failures = self._threshold

    def abandon(self) -> None:
        """Record that a request ended without a verdict: it was cancelled."""
        self._probing = False
