"""The batch embedding processor: order, bounds, one bad text costs one chunk, an outage costs none."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.retrieval import Vector
from app.errors import (
    InputTooLong,
    ModelCrashed,
    ModelError,
    ModelNotFound,
    ModelUnavailable,
    UnusableEmbedding,
)
from app.ingestion.embedding.batches import cut
from app.ingestion.embedding.embedder import (
    BLANK,
    HARMLESS_TEXT,
    BatchEmbeddingProcessor,
    BatchResult,
    EmbeddingBatchSource,
    TextFailure,
)
from app.ingestion.embedding.progress import Progress
from tests.support.waiting import idle

POISON = "poison"


def vector_of(text: str) -> Vector:
    return np.array([len(text), *text.encode()[:3]], dtype=np.float32)


@dataclass
class Model:
    """Raises `error` for any batch that holds poison, or once `calls_before_outage` calls were made."""

    error: ModelError = field(default_factory=lambda: UnusableEmbedding("NaN"))
    outage: ModelError | None = None
    calls_before_outage: int = 0
    batches: list[list[str]] = field(default_factory=list)
    in_flight: int = 0
    peak: int = 0

    async def __call__(self, texts: Sequence[str]) -> list[Vector]:
        self.batches.append(list(texts))
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            await idle()
            if self.outage and len(self.batches) > self.calls_before_outage:
                raise self.outage
            if any(POISON in text for text in texts):
                raise self.error
            return [vector_of(text) for text in texts]
        finally:
            self.in_flight -= 1


words = st.text(alphabet="abc \n", max_size=40)


@settings(deadline=None, max_examples=60)
@given(
    texts=st.lists(words | st.just(POISON), max_size=80),
    batch_size=st.integers(1, 64),
    max_chars=st.integers(1, 300),
    max_workers=st.integers(1, 9),
    prefix=st.sampled_from(["", "passage: "]),
)
def test_every_text_keeps_its_place_and_only_the_bad_ones_are_lost(
    texts: list[str], batch_size: int, max_chars: int, max_workers: int, prefix: str
) -> None:
    model = Model()
    results: list[BatchResult] = []

    async def store(result: BatchResult) -> None:
        results.append(result)

    async def run() -> list[Vector | None]:
        embedder = BatchEmbeddingProcessor(
            model, batch_size=batch_size, max_chars=max_chars, max_workers=max_workers
        )
        return await embedder.process(texts, prefix=prefix, on_batch=store)

    vectors = asyncio.run(run())

    assert len(vectors) == len(texts)
    for text, vector in zip(texts, vectors, strict=True):
        if text.strip() and text != POISON:
            assert vector is not None
            np.testing.assert_array_equal(vector, vector_of(prefix + text))
        else:
            assert vector is None
    assert model.peak <= max_workers
    for batch in model.batches:
        assert len(batch) <= batch_size
        assert len(batch) == 1 or sum(map(len, batch)) <= max_chars
        assert all(text.startswith(prefix) and text.removeprefix(prefix).strip() for text in batch[:-1])
    reported = sorted(index for result in results for index in result.indexes)
    assert reported == list(range(len(texts)))
    for result in results:
        for index, outcome in zip(result.indexes, result.outcomes, strict=True):
            if isinstance(outcome, TextFailure):
                assert vectors[index] is None
                assert outcome == (TextFailure("unusable-embedding", "NaN") if texts[index] == POISON else BLANK)
            else:
                assert outcome is vectors[index]


@settings(max_examples=50)
@given(st.lists(words, max_size=60), st.integers(1, 64), st.integers(1, 200), st.integers(1, 9))
def test_batches_hold_similar_lengths_longest_first(
    texts: list[str], max_texts: int, max_chars: int, workers: int
) -> None:
    batches = cut(texts, max_texts=max_texts, max_chars=max_chars, workers=workers)
    lengths = [len(texts[index]) for batch in batches for index in batch]
    assert lengths == sorted(lengths, reverse=True)
    assert sorted(index for batch in batches for index in batch) == [
        index for index, text in enumerate(texts) if text.strip()
    ]


@pytest.mark.parametrize(
    ("texts", "sizes"), [(1000, [63] * 15 + [55]), (512, [64] * 8), (100, [13] * 7 + [9]), (20, [8, 8, 4]), (0, [])]
)
def test_every_worker_gets_as_much_as_the_others(texts: int, sizes: list[int]) -> None:
    batches = cut(["text"] * texts, max_texts=64, max_chars=10_000, workers=8)
    assert [len(batch) for batch in batches] == sizes


async def test_one_bad_text_in_a_batch_costs_a_few_requests_and_one_text() -> None:
    model = Model()
    texts = [f"text {number}" for number in range(64)]
    texts[17] = POISON
    vectors = await BatchEmbeddingProcessor(model, max_chars=10_000, max_workers=1).process(texts)
    assert [index for index, vector in enumerate(vectors) if vector is None] == [17]
    # Two halves at each of six levels, then a harmless text and one more try.
    assert len(model.batches) == 1 + 2 * 6 + 2
    assert model.batches.count([POISON]) == 2
    assert model.batches.count([HARMLESS_TEXT]) == 1


async def test_a_text_that_succeeds_when_tried_alone_again_is_kept() -> None:
    failures = iter([ModelCrashed("died")])

    async def flaky(texts: Sequence[str]) -> list[Vector]:
        if failure := next(failures, None):
            raise failure
        return [vector_of(text) for text in texts]

    (vector,) = await BatchEmbeddingProcessor(flaky, max_chars=100).process(["text"])
    assert vector is not None


async def test_a_text_beyond_the_context_is_given_up_without_another_try() -> None:
    model = Model(error=InputTooLong("long"))
    assert await BatchEmbeddingProcessor(model, max_chars=100).process([POISON]) == [None]
    assert model.batches == [[POISON]]


@pytest.mark.parametrize("error", [ModelUnavailable("down"), ModelNotFound("absent")])
async def test_an_outage_is_raised_and_blames_no_text(error: ModelError) -> None:
    model = Model(outage=error, calls_before_outage=2)
    stored: list[int] = []

    async def store(result: BatchResult) -> None:
        stored.extend(result.indexes)

    embedder = BatchEmbeddingProcessor(model, batch_size=2, max_chars=100, max_workers=1)
    with pytest.raises(type(error)):
        await embedder.process([f"text {number}" for number in range(10)], on_batch=store)
    assert len(stored) == 4
    model.outage = None
    assert all(vector is not None for vector in await embedder.process(["the permits", "are all back"]))


async def test_a_server_that_fails_on_any_text_is_an_outage() -> None:
    async def broken(_: Sequence[str]) -> list[Vector]:
        raise UnusableEmbedding("zeros")

    with pytest.raises(ModelUnavailable):
        await BatchEmbeddingProcessor(broken, max_chars=100).process(["a text", "another"])


@pytest.mark.parametrize("calls_before_outage", [1, 2])
async def test_an_outage_while_a_text_is_under_suspicion_blames_nobody(calls_before_outage: int) -> None:
    model = Model(outage=ModelUnavailable("down"), calls_before_outage=calls_before_outage)
    with pytest.raises(ModelUnavailable, match="down"):
        await BatchEmbeddingProcessor(model, max_chars=100).process([POISON])


async def test_a_failing_store_stops_the_run_with_its_own_error() -> None:
    async def full_disk(_: BatchResult) -> None:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        await BatchEmbeddingProcessor(Model(), batch_size=1, max_chars=100).process(["a", "b"], on_batch=full_disk)


async def test_a_slow_store_holds_the_next_batches_back() -> None:
    model = Model()
    gate = asyncio.Event()

    async def store(_: BatchResult) -> None:
        await gate.wait()

    embedder = BatchEmbeddingProcessor(model, batch_size=1, max_chars=100, max_workers=3)
    task = asyncio.create_task(embedder.process([f"text {number}" for number in range(20)], on_batch=store))
    await idle()
    assert len(model.batches) == 3
    gate.set()
    assert all(vector is not None for vector in await task)


async def ignore(_: BatchResult) -> None:
    """Nobody wants the vectors."""


async def portions_of(*parts: EmbeddingBatchSource) -> AsyncIterator[EmbeddingBatchSource]:
    for part in parts:
        yield part


async def test_a_run_of_few_texts_does_not_wait_for_the_end_of_a_long_one() -> None:
    model = Model()
    embedder = BatchEmbeddingProcessor(model, batch_size=8, max_chars=10_000, max_workers=2)
    long_one = asyncio.create_task(embedder.process([f"long {number}" for number in range(800)]))
    while len(model.batches) < 4:
        await idle()
    begun = len(model.batches)
    await embedder.process([f"short {number}" for number in range(24)])
    # Its three batches each wait for those in flight and for one of the other's.
    assert len(model.batches) - begun <= 3 + 3 + 2
    await long_one


async def test_the_next_portion_is_asked_for_when_the_batches_of_the_last_are_begun() -> None:
    model = Model()
    gate = asyncio.Event()
    asked = 0
    stored: list[tuple[int, ...]] = []

    async def store(batch: BatchResult) -> None:
        await gate.wait()
        stored.append(batch.indexes)

    async def endless() -> AsyncIterator[EmbeddingBatchSource]:
        nonlocal asked
        for asked in range(1, 101):
            yield EmbeddingBatchSource([f"text {asked}-{number}" for number in range(4)], store)

    embedder = BatchEmbeddingProcessor(model, batch_size=8, max_chars=100, max_workers=3)
    run = asyncio.create_task(embedder.run(endless()))
    await idle()
    assert asked == 4
    gate.set()
    await run
    assert len(stored) == 100


async def test_a_run_whose_length_is_told_late_is_logged_from_then_on(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    seen: list[Progress] = []
    parts = [EmbeddingBatchSource(["text"] * 10, ignore, total) for total in (None, None, 30)]
    embedder = BatchEmbeddingProcessor(Model(), batch_size=10, max_chars=1000, max_workers=1)
    await embedder.run(portions_of(*parts), on_progress=seen.append)
    assert caplog.messages[:-1] == [
        "Batch 1: Processing texts 1-10",
        "Batch 2: Processing texts 11-20",
        "Processing 30 embeddings in batches of 10",
        "Progress: 66.7% (20/30)",
        "Batch 3: Processing texts 21-30",
        "Progress: 100.0% (30/30)",
    ]
    assert [progress.total for progress in seen] == [None, 30, 30]
    assert [progress.eta_seconds is None for progress in seen] == [True, False, False]


async def test_each_batch_is_logged_with_its_number_and_its_texts(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await BatchEmbeddingProcessor(Model(), max_chars=64_000, max_workers=1).process(["text"] * 128)
    assert [line for line in caplog.messages if line.startswith("Batch")] == [
        "Batch 1: Processing texts 1-64",
        "Batch 2: Processing texts 65-128",
    ]


async def test_a_run_of_nothing_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    await BatchEmbeddingProcessor(Model(), max_chars=100).run(portions_of())
    assert caplog.messages == []


async def test_a_failing_source_of_portions_stops_the_run_with_its_own_error() -> None:
    async def broken() -> AsyncIterator[EmbeddingBatchSource]:
        yield EmbeddingBatchSource(["text"], ignore)
        raise OSError("no connection")

    with pytest.raises(OSError, match="no connection"):
        await BatchEmbeddingProcessor(Model(), max_chars=100).run(broken())


async def test_cancelling_leaves_no_task_behind() -> None:
    async def forever(_: Sequence[str]) -> list[Vector]:
        await asyncio.Event().wait()
        raise AssertionError

    before = asyncio.all_tasks()
    embedder = BatchEmbeddingProcessor(forever, batch_size=1, max_chars=100, max_workers=2)
    task = asyncio.create_task(embedder.process(["a", "b", "c"]))
    await idle()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == before


async def test_progress_is_logged_and_reported(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    seen: list[Progress] = []
    texts = ["x" * 8] * 990 + [" "] * 5 + [POISON] * 5
    embedder = BatchEmbeddingProcessor(Model(), batch_size=50, max_chars=10_000)
    await embedder.process(texts, on_progress=seen.append)

    lines = [record.getMessage() for record in caplog.records if record.levelno == logging.INFO]
    assert lines[0] == "Processing 1000 embeddings in batches of 50"
    assert lines[1] == "Batch 1: Processing texts 1-42"
    assert "Progress: 100.0% (1000/1000)" in lines
    assert sum(line.startswith("Progress: ") for line in lines) == 10
    assert lines[-1].startswith("Completed: 990 successful, 10 failed in ")
    assert lines[-1].endswith(" emb/s)")

    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    assert (seen[0].done, seen[0].failed, seen[0].eta_seconds) == (5, 5, None)
    assert (seen[-1].done, seen[-1].total, seen[-1].failed, seen[-1].eta_seconds) == (1000, 1000, 10, 0)
    assert all(progress.embeddings_per_second > 0 for progress in seen[1:])


async def test_nothing_to_embed_is_nothing_done() -> None:
    model = Model()
    assert await BatchEmbeddingProcessor(model, max_chars=100).process([]) == []
    assert model.batches == []


def test_all_that_share_a_text_get_its_vector_or_the_reason_why_there_is_none() -> None:
    vector = np.ones(3, dtype=np.float32)
    batch = BatchResult((2, 0), (vector, TextFailure("too_long", "The text is too long.")))
    vectors, failures = batch.spread([["a", "b"], ["in another batch"], ["c", "d"]])
    assert [(name, found is vector) for name, found in vectors] == [("c", True), ("d", True)]
    assert failures == [("a", "The text is too long."), ("b", "The text is too long.")]
