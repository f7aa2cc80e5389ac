"""What counts as found, and which of several settings is recommended."""

import pytest

from app.domain.retrieval import Candidate
from app.retrieval.recall import RecallPoint, best, middle, recall


def nearest(*scores: float) -> list[Candidate]:
    return [Candidate(place, "", score) for place, score in enumerate(scores)]


def trial(ef_search: int, share: float, p50: float, *, m: int = 16) -> RecallPoint:
    return RecallPoint(m, 64, ef_search, share, share, p50, 2 * p50)


@pytest.mark.parametrize(
    ("found", "exact", "share"),
    [
        ((0.9, 0.8), (0.9, 0.8), 1.0),
        ((0.9, 0.7), (0.9, 0.8), 0.5),
        ((0.7, 0.6), (0.9, 0.8), 0.0),
        ((), (0.9, 0.8), 0.0),
        ((), (), 1.0),
        ((0.9, 0.8), (0.9,), 1.0),  # there was no more to find
        ((0.9, 0.8, 0.8), (0.9, 0.8, 0.8), 1.0),  # another passage as near is as good
        ((0.8000001, 0.8), (0.8, 0.8), 1.0),  # rounded otherwise
    ],
)
def test_recall_is_the_share_of_the_nearest_that_was_found(
    found: tuple[float, ...], exact: tuple[float, ...], share: float
) -> None:
    assert recall(nearest(*found), nearest(*exact), 2) == share


def test_of_one_graph_the_least_effort_that_is_enough_is_the_best_though_a_greater_one_ran_faster() -> None:
    trials = [trial(100, 0.99, 2.0), trial(40, 0.98, 2.1), trial(20, 0.9, 1.0)]
    assert best(trials, target=0.97) == trials[1]


def test_another_graph_is_better_if_it_is_faster() -> None:
    slow, fast = trial(100, 0.98, 3.0), trial(40, 0.97, 2.0, m=32)
    assert best([slow, fast], target=0.97) == fast
    alike = trial(40, 0.97, 2.8, m=32)
    assert best([slow, alike], target=0.97) == slow
    assert best([alike, slow], target=0.97) == alike
    assert best([slow, fast], target=0.975) == slow


def test_where_nothing_is_enough_nothing_is_recommended() -> None:
    assert best([trial(800, 0.96, 9.0)], target=0.97) is None
    assert best([], target=0.5) is None


def test_times_are_told_by_their_middle_and_what_nearly_all_stay_below() -> None:
    assert middle([float(number) for number in range(101)]) == (50, 95)
    assert middle([3.0]) == (3.0, 3.0)
