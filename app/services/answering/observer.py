"""Where metrics attach to the making of an answer. Nothing here knows of metrics."""

from collections.abc import Sequence
from contextlib import AbstractContextManager

from app.telemetry import tracing


class PipelineObserver:
    """Records a span for each stage, and nothing else. Calls must be quick; none of them receives any text."""

    def stage(self, name: str) -> AbstractContextManager[object]:
        """Wraps a stage that yields nothing meanwhile."""
        return tracing.span(f"rag.{name}")

    def took(self, stage: str, seconds: float) -> None:
        """A stage that `stage` cannot wrap, because it yields while it works."""

    def prompted(self, tokens: int) -> None:
        """The length of a prompt as the model counted it."""

    def cited(self, used: Sequence[int], invalid: int) -> None:
        """A complete answer cites the sources `used`; `invalid` references were removed from it."""
