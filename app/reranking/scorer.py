"""Scores of a reranker within a time budget, each computed once."""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from typing import Protocol

from app.concurrency.circuit_breaker import CircuitBreaker
from app.concurrency.timeouts import Deadline
from app.errors import ModelError

_log = logging.getLogger(__name__)

_Key = bytes


class Reranker(Protocol):
    async def logits(self, question: str, texts: Sequence[str]) -> list[float]: ...


class Scorer:
    """Asks a reranker for what it has not scored yet, and gives up when it is late, gone or wrong.

    Args:
        reranker: gives the scores.
        budget: seconds for the scores of one question's texts.
        breaker: leaves a reranker alone that keeps failing, so that no question waits for it.
        remembered: scores kept, about 150 bytes each.
    """

    def __init__(
        self,
        reranker: Reranker,
        *,
        budget: float,
        breaker: CircuitBreaker | None = None,
        remembered: int = 50_000,
    ) -> None:
        self._reranker = reranker
        self._deadline = Deadline(budget)
        self._breaker = breaker or CircuitBreaker(threshold=3, cooldown=5.0)
        self._remembered = remembered
        self._known: OrderedDict[_Key, float] = OrderedDict()

    async def score(self, question: str, texts: Sequence[str]) -> list[float] | None:
        """A logit for each text; None if the reranker did not give all of them in time."""
        asked = blake2b(question.encode(errors="replace"), digest_size=16).digest()
        keys = [blake2b(text.encode(errors="replace"), digest_size=16, key=asked).digest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._known}
        found: dict[_Key, float] = {key: self._known[key] for key in keys if key in self._known}
        if missing:
            scores = await self._ask(question, list(missing.values()))
            if scores is None:
                return None
            found.update(zip(missing, scores, strict=True))
        for key in keys:
            self._remember(key, found[key])
        return [found[key] for key in keys]

    async def _ask(self, question: str, texts: Sequence[str]) -> list[float] | None:
        if not self._breaker.allows():
            return None
        try:
            scores = await self._deadline.run(self._reranker.logits(question, texts))
        except (ModelError, TimeoutError) as error:
            self._breaker.failed()
            _log.warning("No scores from the reranker: %s", str(error) or "it took too long")
            return None
        except BaseException:
            self._breaker.abandoned()
            raise
        self._breaker.succeeded()
        return scores

    def _remember(self, key: _Key, score: float) -> None:
        self._known[key] = score
        self._known.move_to_end(key)
        if len(self._known) > self._remembered:
            self._known.popitem(last=False)
