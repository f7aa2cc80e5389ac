"""Whether and from which similarity on a stratum is served, by what was observed of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.cache.semantic.bounds import lower
from app.cache.semantic.calibration import Tally, bin_of, calibrate

# Of the answers served lately, how many checked ones are looked at for drift. The fewer, the sooner a sharp change
# is noticed; the more, the smaller one that is.
WINDOWS = (20, 60, 200)
RECENT = max(WINDOWS)
# With what probability steady traffic is taken for drift at one look. There are many looks.
_FALSE_ALARM = 0.005


@dataclass(frozen=True, slots=True)
class Decision:
    """`threshold` None serves nothing. `restart`: what was observed so far no longer holds."""

    threshold: float | None
    reason: str
    restart: bool = False


def decide(tally: Tally, *, recent: Sequence[bool], threshold: float | None, budget: float) -> Decision:
    """Calibrate, unless the answers served lately show that the traffic is no longer what was calibrated on.

    `recent` tells of each checked answer whether it was right, the newest first. It shows drift if even the lower
    end of the interval of wrong answers per request is over the budget.
    """
    if threshold is not None and tally.requests:
        rate = sum(tally.matches[bin_of(threshold) :]) / tally.requests
        for window in WINDOWS:
            checked = recent[:window]
            wrong = checked.count(False)
            if rate * lower(wrong, len(checked), _FALSE_ALARM) > budget:
                detail = f"{wrong} of the last {len(checked)} checked hits were wrong"
                return Decision(None, f"drift: {detail}", restart=True)
    point = calibrate(tally, budget)
    if point is None:
        return Decision(None, f"{tally.labels} labels do not show yet that any threshold keeps the budget")
    return Decision(point.threshold, f"at most {point.wrong_bound:.2%} of requests answered wrongly")
