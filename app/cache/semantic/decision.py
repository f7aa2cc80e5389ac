"""Whether and from which similarity on a stratum is served, by what was observed of it."""

from dataclasses import dataclass

from app.cache.semantic.bounds import lower
from app.cache.semantic.calibration import ALPHA, Tally, bin_of, calibrate

# Of the answers served lately, how many checked ones tell of drift. A change is noticed the sooner the fewer.
RECENT = 200


@dataclass(frozen=True, slots=True)
class Decision:
    """`threshold` None serves nothing. `restart`: what was observed so far no longer holds."""

    threshold: float | None
    reason: str
    restart: bool = False


def decide(
    tally: Tally, *, recent_wrong: int, recent_labels: int, threshold: float | None, budget: float
) -> Decision:
    """Calibrate, unless the answers served lately show that the traffic is no longer what was calibrated on.

    That is so if even the lower end of the interval of their wrong answers per request is over the budget.
    """
    if threshold is not None and tally.requests:
        rate = sum(tally.matches[bin_of(threshold) :]) / tally.requests
        at_least = rate * lower(recent_wrong, recent_labels, ALPHA)
        if at_least > budget:
            detail = f"{recent_wrong} of the last {recent_labels} checked hits were wrong"
            return Decision(None, f"drift: {detail}", restart=True)
    point = calibrate(tally, budget)
    if point is None:
        return Decision(None, f"{tally.labels} labels do not show yet that any threshold keeps the budget")
    return Decision(point.threshold, f"at most {point.wrong_bound:.2%} of requests answered wrongly")
