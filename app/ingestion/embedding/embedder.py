"""The batch embedding processor: many texts in, a vector or a reason for each, as fast as the model takes them."""

import asyncio
import logging
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from app.concurrency.task_group import FirstErrorTaskGroup
from app.domain.retrieval import Vector
from app.errors import InputTooLong, ModelError, ModelNotFound, ModelUnavailable, ModelUnsuitable
from app.ingestion.embedding.batches import cut
from app.ingestion.embedding.progress import OnProgress, ProgressReport

T = TypeVar("T")

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

    def spread(self, groups: Sequence[Sequence[T]]) -> tuple[list[tuple[T, Vector]], list[tuple[T, str]]]:
        """What became of all those that share a text: their vectors, and the reasons of those that have none.

        `groups` are by the place of their text in the input.
        """
        vectors: list[tuple[T, Vector]] = []
        failures: list[tuple[T, str]] = []
        for index, outcome in zip(self.indexes, self.outcomes, strict=True):
            if isinstance(outcome, TextFailure):
                failures += [(each, outcome.reason) for each in groups[index]]
            else:
                vectors += [(each, outcome) for each in groups[index]]
        return vectors, failures


OnBatch = Callable[[BatchResult], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class EmbeddingBatchSource:
    """Some of the texts of a run; blank ones are given up without being sent.

    `on_batch` is awaited with each finished batch of them, to store it. It may run for several batches at once, and
    holds the next batch back while it does. `total` is of the texts in the whole run, once that is known.
    """

    texts: Sequence[str]
    on_batch: OnBatch
    total: int | None = None


class BatchEmbeddingProcessor:
    """Embeds any number of texts in concurrent batches.

    Several runs at once take turns, a batch each, however many texts they have.

    Args:
        embed: the model.
        batch_size: texts in a batch, at most.
        max_chars: characters in a batch, at most; a single longer text is a batch of its own.
        max_workers: batches in flight, at most, the time of their callbacks included.

    Example: each text's vector stands at the text's place, and a blank text has none.

        >>> async def embed(processor: BatchEmbeddingProcessor) -> None:
        ...     vectors = await processor.process(["Cats purr.", " ", "Dogs bark."])
        ...     print([vector is not None for vector in vectors])
        >>> run(embed)
        [True, False, True]
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

        The rest is as in `run`.
        """
        vectors: list[Vector | None] = [None] * len(texts)

        async def keep(batch: BatchResult) -> None:
            for index, outcome in zip(batch.indexes, batch.outcomes, strict=True):
                vectors[index] = None if isinstance(outcome, TextFailure) else outcome
            if on_batch:
                await on_batch(batch)

        async def whole() -> AsyncIterator[EmbeddingBatchSource]:
            yield EmbeddingBatchSource(texts, keep, total=len(texts))

        await self.run(whole(), prefix=prefix, on_progress=on_progress)
        return vectors

    async def run(
        self,
        portions: AsyncIterable[EmbeddingBatchSource],
        *,
        prefix: str = "",
        on_progress: OnProgress | None = None,
    ) -> None:
        """Embed texts that come bit by bit: the next portion is asked for when all batches of the last are begun.

        A failing batch is halved until the failing text is alone. That text is given up only if a harmless
        one passes in its place, so the failure of a server is never taken for that of a text.

        Args:
            portions: what to embed.
            prefix: put before each text that is sent, as the model was trained for.
            on_progress: called after each batch, once it is stored.

        Raises:
            ModelUnavailable: the server is down, or fails on any text.
            ModelError: the model is missing or cannot embed. The batches that were stored before are good.
        """
        report = ProgressReport(self._batch_size, on_progress)
        async with FirstErrorTaskGroup() as group:
            async for portion in portions:
                report.expect(portion.total)
                await self._begin(group, report, portion, prefix)
        report.close()

    async def _begin(
        self, group: asyncio.TaskGroup, report: ProgressReport, portion: EmbeddingBatchSource, prefix: str
    ) -> None:
        sent = [prefix + text if text.strip() else "" for text in portion.texts]
        blank = [index for index, text in enumerate(sent) if not text]
        if blank:
            await _finish(report, portion, blank, [BLANK] * len(blank))
        for batch in cut(sent, max_texts=self._batch_size, max_chars=self._max_chars, workers=self._max_workers):
            # Each run waits for one permit at a time, and waiters are served in order: that is what makes turns.
            await self._workers.acquire()
            texts = [sent[index] for index in batch]
            report.begin(len(texts))
            task = group.create_task(self._process_batch(report, portion, batch, texts))
            # Not in the task: one that is cancelled before it begins runs no line of its own.
            task.add_done_callback(lambda _: self._workers.release())

    async def _process_batch(
        self, report: ProgressReport, portion: EmbeddingBatchSource, batch: Sequence[int], texts: Sequence[str]
    ) -> None:
        await _finish(report, portion, batch, await self._embed_all(texts))

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


async def _finish(
    report: ProgressReport, portion: EmbeddingBatchSource, indexes: Sequence[int], outcomes: Sequence[Outcome]
) -> None:
    await portion.on_batch(BatchResult(tuple(indexes), tuple(outcomes)))
    report.finished(len(outcomes), failed=sum(isinstance(outcome, TextFailure) for outcome in outcomes))
