from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from app.domain.answers import AnswerRequest
from app.domain.retrieval import Retrieval, SearchMode
from app.services.answering.answer import Answer
from app.services.answering.observer import PipelineObserver
from app.telemetry.instruments import timed
from app.telemetry.metrics import Metrics

# The timing of a search behind each stage of the metric.
_STAGES = {"embed": "embed", "total": "retrieve", "rerank": "rerank"}


class QuestionMetrics(PipelineObserver):
    """Counts and times questions, their stages, and the passages that were found and cited."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        with super().stage(name), timed(self._metrics.stage_duration.labels(name)):
            yield

    def took(self, stage: str, seconds: float) -> None:
        self._metrics.stage_duration.labels(stage).observe(seconds)

    def searched(self, mode: SearchMode, retrieval: Retrieval) -> None:
        for timing, stage in _STAGES.items():
            if timing in retrieval.timings_ms:
                self.took(stage, retrieval.timings_ms[timing] / 1000)
        self._metrics.retrieved_chunks.labels(mode).observe(len(retrieval.results))
        best = _best(retrieval)
        if best is not None:
            self._metrics.retrieval_top_score.labels(mode).observe(best)

    def cited(self, used: Sequence[int], invalid: int) -> None:
        self._metrics.citations.observe(len(used))
        if invalid:
            self._metrics.citations_invalid.labels("unknown_source").inc(invalid)

    def answered(self, request: AnswerRequest, answer: Answer) -> None:
        self._metrics.queries.labels(answer.outcome).inc()
        self._metrics.query_duration.labels(answer.outcome, answer.tier).observe(answer.seconds)
        if answer.first_token is not None:
            self._metrics.time_to_first_token.labels(request.model, answer.tier).observe(answer.first_token)

    def prompted(self, tokens: int) -> None:
        self._metrics.context_tokens.observe(tokens)


def _best(retrieval: Retrieval) -> float | None:
    arm = retrieval.vector
    if arm is not None:
        return arm.candidates[0].score if arm.candidates else None
    return retrieval.results[0].score if retrieval.results else None
