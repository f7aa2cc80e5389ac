"""The circuit breaker that guards cache tiers, leases and model servers."""

import pytest

from app.concurrency.circuit_breaker import BreakerState, CircuitBreaker
from tests.support.cache.assembly import Clock

COOLDOWN = 10


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def changes() -> list[BreakerState]:
    return []


@pytest.fixture
def breaker(clock: Clock, changes: list[BreakerState]) -> CircuitBreaker:
    return CircuitBreaker(threshold=3, cooldown=COOLDOWN, longest=40, clock=clock, on_change=changes.append)


def trip(breaker: CircuitBreaker) -> None:
    for _ in range(3):
        assert breaker.allows()
        breaker.failed()


def state(breaker: CircuitBreaker) -> BreakerState:
    return breaker.state


def ready(breaker: CircuitBreaker) -> bool:
    return breaker.ready


def test_only_failures_in_a_row_open_it(breaker: CircuitBreaker, changes: list[BreakerState]) -> None:
    for _ in range(5):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert state(breaker) is BreakerState.CLOSED
    trip(breaker)
    assert state(breaker) is BreakerState.OPEN
    assert not breaker.allows()
    assert changes == [BreakerState.OPEN]


def test_after_the_cooldown_one_probe_passes_and_closes_it(
    breaker: CircuitBreaker, clock: Clock, changes: list[BreakerState]
) -> None:
    trip(breaker)
    clock.now += COOLDOWN
    assert state(breaker) is BreakerState.HALF_OPEN
    assert [ready(breaker), breaker.allows()] == [True, True]
    assert [ready(breaker), breaker.allows()] == [False, False]
    breaker.succeeded()
    assert [breaker.allows(), breaker.allows()] == [True, True]
    assert changes == [BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED]


def test_each_failed_probe_doubles_the_cooldown_up_to_the_longest(breaker: CircuitBreaker, clock: Clock) -> None:
    trip(breaker)
    for longest in (20, 40, 40):
        clock.now += 41
        assert breaker.allows()
        breaker.failed()
        clock.now += longest / 2 - 0.1
        assert state(breaker) is BreakerState.OPEN
        clock.now += longest / 2 + 0.1
        assert state(breaker) is BreakerState.HALF_OPEN


def test_by_default_the_cooldown_does_not_grow(clock: Clock) -> None:
    breaker = CircuitBreaker(threshold=1, cooldown=COOLDOWN, clock=clock)
    breaker.failed()
    for _ in range(5):
        clock.now += COOLDOWN
        assert breaker.allows()
        breaker.failed()


def test_failures_of_calls_from_before_it_opened_do_not_keep_it_open(breaker: CircuitBreaker, clock: Clock) -> None:
    trip(breaker)
    clock.now += COOLDOWN - 1
    breaker.failed()
    clock.now += 1
    breaker.failed()
    assert breaker.allows()


def test_a_cancelled_probe_lets_another_try(breaker: CircuitBreaker, clock: Clock) -> None:
    trip(breaker)
    clock.now += COOLDOWN
    assert breaker.allows()
    breaker.abandoned()
    assert breaker.allows()


def test_a_probe_that_never_reports_is_replaced(breaker: CircuitBreaker, clock: Clock) -> None:
    trip(breaker)
    clock.now += COOLDOWN
    assert breaker.allows()
    clock.now += 39
    assert not breaker.allows()
    clock.now += 1
    assert breaker.allows()


def test_a_suspect_needs_one_failure_to_open_it(breaker: CircuitBreaker) -> None:
    breaker.suspect()
    assert breaker.allows()
    breaker.failed()
    assert not breaker.allows()
