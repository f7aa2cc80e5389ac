"""How far a run of the batch embedding processor is, in lines of the log and for whoever asked to be told."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

_LOG_STEPS = 10

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` texts are finished, `failed` of them without a vector, after `seconds`.

    `total` and `eta_seconds` are None until they can be told.
    """

    done: int
    total: int | None
    failed: int
    seconds: float
    embeddings_per_second: float
    eta_seconds: float | None


OnProgress = Callable[[Progress], None]


class ProgressReport:
    """Counts the texts of one run, and logs every tenth of them."""

    def __init__(self, batch_size: int, on_progress: OnProgress | None) -> None:
        self._batch_size = batch_size
        self._on_progress = on_progress
        self._started = time.perf_counter()
        self._total: int | None = None
        self._batches = 0
        self._begun = 0
        self._done = 0
        self._failed = 0

    def expect(self, total: int | None) -> None:
        """Say how many texts there will be, or that this is not known yet. A number may be corrected later."""
        if self._total is None and total is not None:
            logger.info("Processing %d embeddings in batches of %d", total, self._batch_size)
        self._total = total

    def begin(self, texts: int) -> None:
        """Log a batch that begins. Batches and texts are numbered from 1, in the order in which they are sent."""
        self._batches += 1
        logger.info("Batch %d: Processing texts %d-%d", self._batches, self._begun + 1, self._begun + texts)
        self._begun += texts

    def finished(self, texts: int, *, failed: int) -> None:
        before = self._done
        self._done += texts
        self._failed += failed
        progress = self._progress()
        if self._on_progress:
            self._on_progress(progress)
        if self._total and self._step(self._done) > self._step(before):
            logger.info(
                "Progress: %.1f%% (%d/%d)",
                100 * self._done / self._total,
                self._done,
                self._total,
                extra={
                    "embeddings_per_second": round(progress.embeddings_per_second, 1),
                    "eta_seconds": None if progress.eta_seconds is None else round(progress.eta_seconds, 1),
                },
            )

    def close(self) -> None:
        """Log how it ended, unless there was nothing to do."""
        if not self._done and self._total is None:
            return
        end = self._progress()
        logger.info(
            "Completed: %d successful, %d failed in %.1fs (%.1f emb/s)",
            end.done - end.failed,
            end.failed,
            end.seconds,
            end.embeddings_per_second,
        )

    def _progress(self) -> Progress:
        seconds = time.perf_counter() - self._started
        return Progress(
            done=self._done,
            total=self._total,
            failed=self._failed,
            seconds=seconds,
            embeddings_per_second=(self._done - self._failed) / max(seconds, 1e-9),
            eta_seconds=self._eta(seconds),
        )

    def _eta(self, seconds: float) -> float | None:
        """From the texts that a model was asked for: blank ones come first, and at once."""
        if self._total is None or self._done == self._failed:
            return None
        return seconds * max(0, self._total - self._done) / self._done

    def _step(self, done: int) -> int:
        return done * _LOG_STEPS // (self._total or 1)
