"""The calibration's statistics: exact bounds, and a budget that is kept as often as it is promised to be."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.cache.semantic.calibration import BINS, Tally, bin_of, calibrate, curve, lower, stays_under, upper


@pytest.mark.parametrize(
    ("count", "of", "alpha", "expected"),
    [
        # With none counted the bound has a closed form: 1 - alpha ** (1 / n).
        (0, 10, 0.05, 1 - 0.05**0.1),
        (0, 300, 0.05, 1 - 0.05 ** (1 / 300)),
        (0, 1, 0.025, 0.975),
        (9, 10, 0.05, 0.95**0.1),
        # The classical two-sided 95 % intervals of 5 and of 1 in 10, and of 81 in 263.
        (5, 10, 0.025, 0.8129),
        (1, 10, 0.025, 0.4450),
        (81, 263, 0.025, 0.3676),
    ],
)
def test_the_upper_bound_is_the_known_value(count: int, of: int, alpha: float, expected: float) -> None:
    assert upper(count, of, alpha) == pytest.approx(expected, abs=6e-5)


@pytest.mark.parametrize(("count", "of", "expected"), [(5, 10, 0.1871), (1, 10, 0.0025), (81, 263, 0.2527)])
def test_the_lower_bound_is_the_known_value(count: int, of: int, expected: float) -> None:
    assert lower(count, of, 0.025) == pytest.approx(expected, abs=6e-5)


def test_without_observations_anything_is_possible() -> None:
    assert upper(0, 0, 0.05) == 1.0
    assert lower(0, 0, 0.05) == 0.0
    assert upper(7, 7, 0.05) == 1.0
    assert lower(0, 7, 0.05) == 0.0


@given(of=st.integers(1, 3000), share=st.floats(0, 1), alpha=st.sampled_from([0.005, 0.025, 0.05, 0.2]))
def test_the_bound_is_where_the_binomial_tail_is_alpha(of: int, share: float, alpha: float) -> None:
    count = int(share * of)
    bound = upper(count, of, alpha)
    assert lower(count, of, alpha) <= count / of <= bound <= 1
    if count < of:
        tail = math.fsum(
            math.exp(
                math.lgamma(of + 1)
                - math.lgamma(k + 1)
                - math.lgamma(of - k + 1)
                + k * math.log(bound)
                + (of - k) * math.log1p(-bound)
            )
            for k in range(count + 1)
        )
        assert tail == pytest.approx(alpha, rel=1e-6)


def test_the_bound_covers_the_true_share_as_often_as_promised() -> None:
    draws = np.random.default_rng(1).binomial(400, 0.03, size=4000)
    missed = np.mean([upper(int(count), 400, 0.05) < 0.03 for count in draws])
    kept = [stays_under(0.03, int(count), 400, 0.05) for count in draws]
    assert kept == [upper(int(count), 400, 0.05) <= 0.03 for count in draws]
    assert missed <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 4000)


def test_scores_are_counted_in_steps() -> None:
    assert [bin_of(score) for score in (-0.2, 0.0, 0.004, 0.005, 0.9, 0.995, 1.0, 1.0000002)] == [
        0, 0, 0, 1, 180, 199, 200, 200,
    ]  # fmt: skip


def observed(rng: np.random.Generator, requests: int, labels: int) -> Tally:
    """Traffic whose matches are the more often wrong the lower their score."""
    scores = np.floor(rng.beta(8, 2, size=requests) * 50) / 50
    wrong = rng.random(requests) < wrong_at(scores)
    matched = np.flatnonzero(rng.random(requests) < 0.6)
    labelled = matched[:labels]
    places = np.array([bin_of(score) for score in scores])

    def counted(chosen: NDArray[np.int64]) -> list[int]:
        return [int(count) for count in np.bincount(places[chosen], minlength=BINS)]

    return Tally(
        requests, counted(matched), counted(labelled[~wrong[labelled]]), counted(labelled[wrong[labelled]])
    )


def wrong_at(score: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(1.2 - 1.25 * score, 0, 1) ** 2


def true_cost(threshold: float) -> float:
    """The share of requests that serving at `threshold` answers wrongly, by integration."""
    grid = (np.arange(100_000) + 0.5) / 100_000
    density = grid**7 * (1 - grid) * 72  # of a beta distribution, 8 and 2
    scores = np.floor(grid * 50) / 50
    return float(0.6 * np.mean(density * wrong_at(scores) * (scores > threshold - 1e-9)))


@pytest.mark.parametrize(("budget", "labels"), [(0.01, 300), (0.02, 1000)])
def test_a_calibrated_threshold_breaks_the_budget_no_more_often_than_promised(budget: float, labels: int) -> None:
    rng = np.random.default_rng(7)
    runs = [calibrate(observed(rng, 3000, labels), budget) for _ in range(100)]
    served = [point for point in runs if point is not None]
    assert len(served) > 75
    over = sum(true_cost(point.threshold) > budget for point in served)
    assert over / len(runs) <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / len(runs))


def test_more_labels_allow_a_lower_threshold() -> None:
    rng = np.random.default_rng(3)
    few, many = (calibrate(observed(rng, 4000, labels), 0.02) for labels in (50, 2000))
    assert many is not None
    assert few is None or few.threshold > many.threshold


def tally(**bins: tuple[int, int, int]) -> Tally:
    """Of 1,000 requests: matches, right and wrong by score, written s90 for 0.90."""
    counts = np.zeros((3, BINS), dtype=int)
    for name, values in bins.items():
        counts[:, bin_of(int(name[1:]) / 100)] = values
    return Tally(1000, *(row.tolist() for row in counts))


def test_nothing_is_served_without_labels() -> None:
    assert calibrate(tally(s99=(1, 0, 0), s95=(300, 0, 0)), 0.01) is None


def test_a_threshold_with_too_few_labels_to_tell_does_not_end_the_search() -> None:
    """At 0.99 one match of ten is labelled: as if 100 requests had been seen, of which a 34th may be wrong."""
    point = calibrate(tally(s99=(10, 1, 0), s95=(90, 89, 0)), 0.01)
    assert point is not None
    assert (point.threshold, point.labels) == (0.95, 90)


def test_the_wrong_are_counted_among_all_requests() -> None:
    point = calibrate(tally(s95=(100, 98, 2)), 0.01)
    assert point is not None
    assert point.wrong_bound == pytest.approx(upper(2, 1000, 0.05))
    [half] = curve(tally(s95=(100, 49, 1)))
    assert half.wrong_bound == pytest.approx(upper(1, 500, 0.05))
    [more] = curve(tally(s95=(10, 49, 1)))
    assert more.wrong_bound == pytest.approx(upper(1, 1000, 0.05)), "labels that outnumber what was counted"


def test_the_search_ends_at_the_first_threshold_that_is_not_safe() -> None:
    point = calibrate(tally(s95=(100, 100, 0), s90=(100, 20, 80), s80=(100, 3000, 0)), 0.01)
    assert point is not None
    assert point.threshold == 0.95
    assert calibrate(tally(s95=(100, 20, 80), s90=(500, 500, 0)), 0.01) is None


def test_the_curve_tells_what_each_threshold_would_have_done() -> None:
    strict, loose = curve(tally(s95=(100, 45, 5), s90=(100, 30, 20)))
    assert (strict.threshold, strict.hit_rate, strict.labels, strict.false_hits) == (0.95, 0.1, 50, 0.1)
    assert (loose.threshold, loose.hit_rate, loose.labels, loose.false_hits) == (0.9, 0.2, 100, 0.25)
    for point in (strict, loose):
        assert point.interval[0] < point.false_hits < point.interval[1]
        assert point.wrong_bound > point.hit_rate * point.false_hits
    assert all(one.threshold > other.threshold for one, other in pairwise([strict, loose]))


def test_nothing_observed_gives_no_threshold() -> None:
    empty = tally()
    assert list(curve(empty)) == []
    assert calibrate(empty, 0.01) is None
    assert empty.labels == 0
