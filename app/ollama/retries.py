"""When a request is sent again, and after how long."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import stamina

from app.errors import ModelError


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `attempts`, each after an exponentially longer wait of seconds plus a random jitter."""

    attempts: int
    wait_initial: float
    wait_max: float
    jitter: float

    def context(self) -> AsyncIterator[stamina.Attempt]:
        """Iterate over attempts; an error that would only repeat itself ends them at once."""
        return aiter(
            stamina.retry_context(
                on=_is_worth_another_try,
                attempts=self.attempts,
                timeout=None,
                wait_initial=self.wait_initial,
                wait_max=self.wait_max,
                wait_jitter=self.jitter,
            )
        )


# A person waits for the first; the second may outlast the restart of a model.
INTERACTIVE_RETRIES = RetryPolicy(attempts=3, wait_initial=0.05, wait_max=0.5, jitter=0.1)
BULK_RETRIES = RetryPolicy(attempts=4, wait_initial=0.25, wait_max=4.0, jitter=0.5)


def _is_worth_another_try(error: Exception) -> bool:
    return isinstance(error, ModelError) and error.retryable
