"""What the outcomes of an evaluation add up to, by variant."""

import statistics
from collections.abc import Callable, Mapping, Sequence

from app.domain.evaluation.evaluations import Evaluation, QuestionOutcome
from app.domain.evaluation.scores import MEASURES, ComparedShare, VariantScore
from app.domain.evaluation.shares import Share, paired_difference

_Judge = Callable[[QuestionOutcome], bool | None]


def scores(evaluation: Evaluation, outcomes: Sequence[QuestionOutcome]) -> list[VariantScore]:
    """Score each variant. The others are compared with the first, on the questions that both have."""
    by_variant = {
        variant.name: {each.question: each for each in outcomes if each.variant == variant.name}
        for variant in evaluation.variants
    }
    first = by_variant[evaluation.variants[0].name]
    answerable = [each.answerable for each in evaluation.questions]
    measures: dict[str, _Judge] = {name: _measured(name) for name in MEASURES}
    measures["refused_rightly"] = lambda outcome: None if answerable[outcome.question] else outcome.refused
    measures["refused_wrongly"] = lambda outcome: outcome.refused if answerable[outcome.question] else None
    return [_score(name, mine, first, measures) for name, mine in by_variant.items()]


def _score(
    name: str,
    mine: Mapping[int, QuestionOutcome],
    first: Mapping[int, QuestionOutcome],
    measures: Mapping[str, _Judge],
) -> VariantScore:
    places = [each.place for each in mine.values() if each.found is not None]
    return VariantScore(
        name=name,
        shares={measure: _compared(judge, mine, first) for measure, judge in measures.items()},
        reciprocal_rank=statistics.mean(1 / place if place else 0.0 for place in places) if places else None,
        failed=sum(each.error is not None for each in mine.values()),
        milliseconds=statistics.median(each.milliseconds for each in mine.values()) if mine else None,
    )


def _compared(
    judge: _Judge, mine: Mapping[int, QuestionOutcome], first: Mapping[int, QuestionOutcome]
) -> ComparedShare:
    judged = {number: judge(outcome) for number, outcome in mine.items()}
    counted = {number: verdict for number, verdict in judged.items() if verdict is not None}
    share = Share(sum(counted.values()), len(counted))
    if mine is first:
        return ComparedShare(share, None)
    pairs = [
        (verdict, theirs)
        for number, verdict in counted.items()
        if number in first and (theirs := judge(first[number])) is not None
    ]
    return ComparedShare(share, paired_difference([pair[0] for pair in pairs], [pair[1] for pair in pairs]))


def _measured(name: str) -> _Judge:
    def judge(outcome: QuestionOutcome) -> bool | None:
        verdict: bool | None = getattr(outcome, name)
        return verdict

    return judge
