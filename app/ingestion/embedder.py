"""The batch embedding processor: many texts in, a vector or a reason for each, as fast as the model takes them."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.domain.retrieval import Vector
from app.errors import InputTooLong, ModelError, ModelNotFound, ModelUnavailable, ModelUnsuitable
from app.ingestion.batches import cut

logger = logging.getLogger(__name__)

# Any sound model embeds this; when it does not, the fault is the server's and no text is to blame.
HARMLESS_TEXT = "An ordinary sentence about the weather."
# These would happen to every text alike; anything else may be one text's doing.
_OUTAGES = (ModelUnavailable, ModelNotFound, ModelUnsuitable)


# Embeds all of the texts, in order, or raises a `ModelError`.
TextEmbedder = Callable[[Sequence[str]], Awaitable[Sequence[Vector]]]


@dataclass(frozen=True, slots=True)
class TextFailure:
    """Why a text has no vector: an error's code, and a sentence for people that holds nothing of the text."""

    code: str
    reason: str


BLANK = TextFailure("blank", "The text is blank.")

Outcome = Vector | TextFailure


@dataclass(frozen=True, slots=True)
class BatchResult:
    """A finished batch: for each text, its place in the input and what became of it."""

    indexes: tuple[int, ...]
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` texts are finished, `failed` of them without a vector, after `seconds`."""

    done: int
    total: int
    failed: int
    seconds: float
    embeddings_per_second: float
    eta_seconds: float | None


OnBatch = Callable[[BatchResult], Awaitable[None]]
OnProgress = Callable[[Progress], None]


class BatchEmbeddingProcessor:
    """Embeds any number of texts in concurrent batches.

    Args:
        embed: the model.
        batch_size: texts in a batch, at most.
        max_chars: characters in a batch, at most; a single longer text is a batch of its own.
        max_workers: batches in flight, at most, the time of their callbacks included.
    """

    def __init__(self, embed: TextEmbedder, *, batch_size: int = 64, max_chars: int, max_workers: int = 8) -> None:
        self._embed = embed
        self._batch_size = batch_size
        self._max_chars = max_chars
        self._max_workers = max_workers
        self._workers = asyncio.Semaphore(max_workers)

    async def process(
        self,
        texts: Sequence[str],
        *,
        prefix: str = "",
        on_batch: OnBatch | None = None,
        on_progress: OnProgress | None = None,
    ) -> list[Vector | None]:
        """Embed `texts`; the vector of `texts[i]` is at `i` of the result, None if it has none.

        A failing batch is halved until the failing text is alone. That text is given up only if a harmless
        one passes in its place, so the failure of a server is never taken for that of a text.

        Args:
            texts: blank ones are given up without being sent.
            prefix: put before each text that is sent, as the model was trained for.
            on_batch: awaited with each finished batch, to store it; may run for several batches at once,
                and holds the next batch back while it does.
            on_progress: called after each `on_batch`.

        Raises:
            ModelUnavailable: the server is down, or fails on any text.
            ModelError: the model is missing or cannot embed. What `on_batch` received before is good.
        """
        logger.info("Processing %d embeddings in batches of %d", len(texts), self._batch_size)
        sent = [prefix + text if text.strip() else "" for text in texts]
        run = _Run(sent, on_batch, on_progress)
        blank = [index for index, text in enumerate(sent) if not text]
        if blank:
            await run.finish(blank, [BLANK] * len(blank))
        try:
            async with asyncio.TaskGroup() as group:
                for batch in self._batches(sent):
                    group.create_task(self._process_batch(run, batch))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
        run.log_completion()
        return run.vectors

    def _batches(self, texts: Sequence[str]) -> list[list[int]]:
        return cut(texts, max_texts=self._batch_size, max_chars=self._max_chars, workers=self._max_workers)

    async def _process_batch(self, run: "_Run", batch: Sequence[int]) -> None:
        async with self._workers:
            outcomes = await self._embed_all([run.texts[index] for index in batch])
            await run.finish(batch, outcomes)

    async def _embed_all(self, texts: Sequence[str]) -> list[Outcome]:
        try:
            return list(await self._embed(texts))
        except _OUTAGES:
            raise
        except ModelError as error:
            if len(texts) == 1:
                return [await self._embed_suspect(texts, error)]
        middle = len(texts) // 2
        return await self._embed_all(texts[:middle]) + await self._embed_all(texts[middle:])

    async def _embed_suspect(self, texts: Sequence[str], error: ModelError) -> Outcome:
        """Try a text that failed alone once more, and blame it if it fails where a harmless one does not."""
        if not isinstance(error, InputTooLong):
            await self._check_server()
            try:
                return (await self._embed(texts))[0]
            except _OUTAGES:
                raise
            except ModelError as again:
                error = again
        logger.warning("A text of %d characters has no embedding: %s", len(texts[0]), error.code)
        return TextFailure(error.code, error.detail)

    async def _check_server(self) -> None:
        try:
            await self._embed([HARMLESS_TEXT])
        except _OUTAGES:
            raise
        except ModelError as error:
            raise ModelUnavailable("The model server fails on any text.") from error


class _Run:
    """The state of one call of `process`."""

    _LOG_STEPS = 10

    def __init__(self, texts: Sequence[str], on_batch: OnBatch | None, on_progress: OnProgress | None) -> None:
        self.texts = texts
        self.vectors: list[Vector | None] = [None] * len(texts)
        self._on_batch = on_batch
        self._on_progress = on_progress
        self._started = time.perf_counter()
        self._done = 0
        self._failed = 0
        self._chars_done = 0
        self._chars = sum(map(len, texts))

    async def finish(self, indexes: Sequence[int], outcomes: Sequence[Outcome]) -> None:
        if self._on_batch:
            await self._on_batch(BatchResult(tuple(indexes), tuple(outcomes)))
        before = self._done
        for index, outcome in zip(indexes, outcomes, strict=True):
            self._chars_done += len(self.texts[index])
            if isinstance(outcome, TextFailure):
                self._failed += 1
            else:
                self.vectors[index] = outcome
        self._done += len(indexes)
        if self._on_progress:
            self._on_progress(self._progress())
        if self._step(self._done) > self._step(before):
            total = len(self.texts)
            logger.info("Progress: %.1f%% (%d/%d)", 100 * self._done / total, self._done, total)

    def log_completion(self) -> None:
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
        succeeded = self._done - self._failed
        return Progress(
            done=self._done,
            total=len(self.texts),
            failed=self._failed,
            seconds=seconds,
            embeddings_per_second=succeeded / max(seconds, 1e-9),
            # The time of a text follows its length, and batches come longest first.
            eta_seconds=seconds * (self._chars - self._chars_done) / self._chars_done if self._chars_done else None,
        )

    def _step(self, done: int) -> int:
        return done * self._LOG_STEPS // len(self.texts)
