"""Replaying a log of questions through matching by meaning."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.cache.semantic.replay import Outcome, Replayed, replay, serve

BUY = "How do I buy a railway ticket?"
PURCHASE = "How do I purchase a railway ticket?"
SELL = "How do I sell a railway ticket?"
TODAY = "Which trains run today?"


def vector(*parts: float) -> NDArray[np.float32]:
    made = np.array([*parts, 0.1], dtype=np.float32)
    unit: NDArray[np.float32] = made / np.linalg.norm(made)
    return unit


async def never(question: str, matched: str) -> bool:
    return False


async def test_a_log_is_asked_in_its_order() -> None:
    vectors = {BUY: vector(1), PURCHASE: vector(1), SELL: vector(1), TODAY: vector(1)}
    asked: list[tuple[str, str]] = []

    async def judge(question: str, matched: str) -> bool:
        asked.append((question, matched))
        return True

    steps: list[int] = []
    done = await replay(
        [BUY, f" {BUY} ", SELL, PURCHASE, TODAY, PURCHASE, TODAY], vectors, judge, progress=steps.append
    )
    assert (done.requests, done.exact, steps) == (7, 3, [1, 2, 3, 4, 5, 6, 7])
    assert asked == [(PURCHASE, BUY)], "the other one is its opposite, and today's trains are not tomorrow's"
    [hit] = [each for each in done.outcomes if each.matched]
    assert (hit.question, hit.correct) == (PURCHASE, True)
    assert hit.similarity == pytest.approx(1)
    [point] = done.curve()
    assert (point.threshold, point.hit_rate, point.labels, point.false_hits) == (1.0, 0.25, 1, 0.0)


async def test_what_is_too_far_is_no_would_be_hit() -> None:
    vectors = {BUY: vector(1, 0), PURCHASE: vector(0.8, 0.6)}
    assert [each.matched for each in (await replay([BUY, PURCHASE], vectors, never)).outcomes] == [None, None]
    vectors[PURCHASE] = vector(0.95, 0.3)
    near = await replay([BUY, PURCHASE], vectors, never)
    assert [each.correct for each in near.outcomes] == [None, False]


def outcomes(right: int, wrong: int, missed: int) -> list[Outcome]:
    made = [Outcome("q", "m", 0.95, correct=True)] * right + [Outcome("q", "m", 0.9, correct=False)] * wrong
    return made + [Outcome("q")] * missed


def test_a_budget_is_calibrated_on_one_half_and_served_in_the_other() -> None:
    halves = outcomes(100, 50, 850) + outcomes(80, 20, 900)
    served = serve(Replayed(2000, 0, halves), 0.01)
    assert (served.threshold, served.requests, served.hits, served.wrong) == (0.95, 1000, 80, 0)
    generous = serve(Replayed(2000, 0, halves), 0.1)
    assert (generous.threshold, generous.hits, generous.wrong) == (0.9, 100, 20)


def test_too_short_a_log_serves_nothing() -> None:
    for halves in ([], outcomes(1, 0, 0), outcomes(10, 0, 10)):
        served = serve(Replayed(len(halves), 0, halves), 0.01)
        assert (served.threshold, served.hits, served.wrong) == (None, 0, 0)
    assert Replayed().curve() == []
