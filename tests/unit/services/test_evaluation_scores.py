"""What counts as right, and how far one share is above another of the same questions."""

import pytest

from app.domain.evaluation.evaluations import (
    Evaluation,
    EvaluationState,
    EvaluationVariant,
    ExpectedAnswer,
    QuestionOutcome,
)
from app.domain.evaluation.shares import paired_difference
from app.services.evaluations.judging import holds
from app.services.evaluations.scores import scores
from tests.support.fakes.evaluations import NOW


@pytest.mark.parametrize(
    ("text", "phrase", "held"),
    [
        ("It leaves at Nine. [1]", "at nine", True),
        ("It leaves at nineteen.", "at nine", False),
        ("Straße 5", "STRASSE 5", True),
        ("The ﬁle is lost", "file", True),
        ("cut [2] here", "cut here", True),
        ("anything", "…", False),
        ("", "nine", False),
        ("by law the owner pays all costs of the tow", "the owner of the ship pays all costs of towing", True),
        ("the owner rests", "the owner of the ship pays all costs of towing", False),
    ],
)
def test_a_phrase_is_held_by_its_words_or_by_most_of_a_long_one(text: str, phrase: str, *, held: bool) -> None:
    assert holds(text, phrase) == held


def test_the_interval_of_a_paired_difference_is_the_published_one() -> None:
    """Newcombe's example: 20 both, 12 the one alone, 2 the other alone, 16 neither."""
    pairs = [(True, True)] * 20 + [(True, False)] * 12 + [(False, True)] * 2 + [(False, False)] * 16
    interval = paired_difference([mine for mine, _ in pairs], [theirs for _, theirs in pairs])
    assert (round(interval.low, 4), round(interval.high, 4)) == (0.0562, 0.3292)


def test_without_pairs_any_difference_may_be() -> None:
    assert (paired_difference([], []).low, paired_difference([], []).high) == (-1.0, 1.0)
    alike = paired_difference([True] * 5, [True] * 5)
    assert alike.low < 0 < alike.high
    opposed = paired_difference([True, False] * 20, [False, True] * 20)
    assert opposed.low < 0 < opposed.high


def test_outcomes_so_far_are_scored_where_both_variants_have_them() -> None:
    evaluation = Evaluation(
        id=NOW.timestamp(),  # type: ignore[arg-type] # no score looks at it
        name="",
        collection="default",
        state=EvaluationState.RUNNING,
        questions=[ExpectedAnswer("a", ("a.md",)), ExpectedAnswer("b", ("b.md",)), ExpectedAnswer("c")],
        variants=[EvaluationVariant("one"), EvaluationVariant("other"), EvaluationVariant("third")],
        done=3,
        error=None,
        corpus_version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    outcomes = [
        QuestionOutcome(0, "one", 10.0, place=2, found=True),
        QuestionOutcome(1, "one", 20.0, found=False),
        QuestionOutcome(0, "other", 30.0, place=1, found=True),
    ]
    one, other, third = scores(evaluation, outcomes)
    assert (one.shares["found"].share.count, one.shares["found"].share.of) == (1, 2)
    assert (one.reciprocal_rank, other.reciprocal_rank, third.reciprocal_rank) == (0.25, 1.0, None)
    assert (one.milliseconds, third.milliseconds) == (15.0, None)
    first = other.shares["found_first"]
    assert (first.share.count, first.share.of) == (1, 1)
    assert first.above_first is not None
    assert first.above_first == paired_difference([True], [False])
    assert third.shares["found"].share.of == 0
