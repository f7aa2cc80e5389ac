"""The thresholds in force: every few seconds, counts are written, thresholds decided, and those of others read."""

import asyncio
import logging

from app.cache.semantic.calibration import RECENT, decide
from app.cache.semantic.matching import QuestionIndex
from app.cache.semantic.observations import Observations, Observed, Segment, Traffic

# A segment is decided anew when it has so many more labels; while it is not served, also this share more.
_MORE_LABELS = 10
_LARGER_BY = 0.05
# Turns between two rounds of housekeeping: building graphs, deleting old observations.
_HOUSEKEEPING_EVERY = 60

_log = logging.getLogger(__name__)


class ThresholdManager:
    """Keeps thresholds by segment, from every replica's labels. `budget` is wrong answers per request."""

    def __init__(
        self, observations: Observations, index: QuestionIndex, *, budget: float, every: float = 5.0
    ) -> None:
        self.traffic = Traffic()
        self.budget = budget
        self._observations = observations
        self._index = index
        self._every = every
        self._thresholds: dict[str, float] = {}
        self._decided_at: dict[str, int] = {}

    def threshold(self, segment: Segment) -> float | None:
        """Return the similarity from which a segment is served; None serves nothing."""
        return self._thresholds.get(segment.digest)

    async def run(self) -> None:
        """Work until cancelled. After a failure, which is logged, the next turn tries again."""
        turn = 0
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.turn()
                if turn % _HOUSEKEEPING_EVERY == 0:
                    await self._index.build_graphs()
                    await self._observations.purge()
            except Exception as error:  # noqa: BLE001 - Postgres may be away for a while
                _log.warning("thresholds were not brought up to date: %r", error)
            turn += 1

    async def turn(self) -> None:
        """Write the counts, decide segments with new labels, and read the thresholds in force."""
        taken = self.traffic.take()
        try:
            await self._observations.add_traffic(taken)
        except BaseException:
            self.traffic.put_back(taken)
            raise
        observed = await self._observations.observed()
        for each in observed:
            if self._has_news(each):
                await self._decide(each)
                self._decided_at[each.segment.digest] = each.labels
        self._thresholds = {
            each.segment.digest: each.threshold
            for each in (await self._observations.observed() if observed else [])
            if each.threshold is not None
        }

    def _has_news(self, observed: Observed) -> bool:
        before = self._decided_at.get(observed.segment.digest, 0)
        more = _MORE_LABELS if observed.threshold is not None else max(_MORE_LABELS, before * _LARGER_BY)
        return observed.labels < before or observed.labels >= before + more

    async def _decide(self, observed: Observed) -> None:
        digest = observed.segment.digest
        evidence = await self._observations.evidence(digest, recent=RECENT)
        decision = await asyncio.to_thread(
            decide,
            evidence.tally,
            recent=evidence.recent,
            threshold=observed.threshold,
            budget=self.budget,
        )
        if decision.threshold != observed.threshold:
            _log.info("matching by meaning in %s: %s", observed.collection, decision.reason)
        await self._observations.decide(observed, decision)
