"""What the client tells those who watch it. Metrics attach here; nothing here knows of them."""

from typing import Protocol


class Observer(Protocol):
    """Calls must be quick: they are made on the event loop. None of them receives any text."""

    def on_request(
        self, *, operation: str, model: str, lane: str, endpoint: str, outcome: str, seconds: float, texts: int
    ) -> None:
        """One request ended. `outcome` is `ok`, `preempted`, `cancelled` or an error's code."""

    def on_retry(self, *, operation: str, model: str, attempt: int, error: str) -> None:
        """Attempt number `attempt` is about to start, after `error`."""

    def on_circuit(self, *, endpoint: str, circuit: str) -> None:
        """An endpoint's breaker is now `closed`, as it begins, or `open` or `half-open`."""

    def on_first_chunk(self, *, model: str, seconds: float) -> None:
        """A chat's first piece came, this long after it was asked for."""

    def on_chunk(self, *, model: str, seconds: float) -> None:
        """Another piece came, this long after the one before."""

    def on_chat(self, *, model: str, seconds: float, input_tokens: int, output_tokens: int) -> None:
        """A chat ended, however it did. The model's own counts are 0 if it did not get to its end."""


class NullObserver:
    def on_request(
        self, *, operation: str, model: str, lane: str, endpoint: str, outcome: str, seconds: float, texts: int
    ) -> None:
        pass

    def on_retry(self, *, operation: str, model: str, attempt: int, error: str) -> None:
        pass

    def on_circuit(self, *, endpoint: str, circuit: str) -> None:
        pass

    def on_first_chunk(self, *, model: str, seconds: float) -> None:
        pass

    def on_chunk(self, *, model: str, seconds: float) -> None:
        pass

    def on_chat(self, *, model: str, seconds: float, input_tokens: int, output_tokens: int) -> None:
        pass
