"""One call to a model: attempts, each under a lease, each reported to the observer."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import stamina

from app.errors import LocalChatError, ModelError, ModelLoadFailed, ModelNotFound, ModelTimeout
from app.ollama.endpoint import Endpoint
from app.ollama.instrumentation import Observer
from app.ollama.scheduling.lanes import Lane, Preempted, QueuedWork, Scheduler, SlotLease

T = TypeVar("T")
Ask = Callable[[SlotLease, AsyncExitStack], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """At most `attempts`, each after an exponentially longer wait of seconds plus a random jitter."""

    attempts: int
    wait_initial: float
    wait_max: float
    jitter: float

    def context(self, worth_another: Callable[[Exception], bool]) -> AsyncIterator[stamina.Attempt]:
        """Iterate over attempts, as long as `worth_another` says so of the last one's error."""
        return aiter(
            stamina.retry_context(
                on=worth_another,
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


# Asked again, the same endpoint would fail again; another one may do.
_ELSEWHERE = (ModelTimeout, ModelLoadFailed, ModelNotFound)


@dataclass(frozen=True, slots=True)
class Call:
    """One operation on one model: a `ModelWork` with its lane and its name in logs and metrics."""

    operation: str
    model: str
    lane: Lane
    work: QueuedWork


class Dispatcher:
    def __init__(self, scheduler: Scheduler, *, retries: Mapping[Lane, RetryPolicy], observer: Observer) -> None:
        self._scheduler = scheduler
        self._retries = retries
        self._observer = observer

    async def run(self, call: Call, ask: Ask[T]) -> T:
        """Return what `ask` returns, as `open` does, and release everything."""
        result, stack = await self.open(call, ask)
        await stack.aclose()
        return result

    async def open(self, call: Call, ask: Ask[T]) -> tuple[T, AsyncExitStack]:
        """Await `ask(lease, stack)`, again on another endpoint when that may help.

        Returns:
            Its result, and the stack that holds the lease and whatever `ask` entered: the caller closes it.

        Raises:
            Preempted: a query needed the endpoint.
            ModelError: the last attempt's failure.
        """
        failed: set[Endpoint] = set()

        def worth_another(error: Exception) -> bool:
            if isinstance(error, _ELSEWHERE):
                return len(failed) < self._scheduler.size
            return isinstance(error, ModelError) and error.retryable

        error = ""
        async for attempt in self._retries[call.lane].context(worth_another):
            with attempt:
                if error:
                    self._observer.on_retry(
                        operation=call.operation, model=call.model, attempt=attempt.num, error=error
                    )
                try:
                    async with AsyncExitStack() as stack:
                        lease = await stack.enter_async_context(self._watched_lease(call, failed))
                        result = await ask(lease, stack)
                        return result, stack.pop_all()
                except ModelError as failure:
                    error = failure.code
                    raise
        raise AssertionError("a retry context ends by returning or raising")

    @asynccontextmanager
    async def _watched_lease(self, call: Call, failed: set[Endpoint]) -> AsyncIterator[SlotLease]:
        lease: SlotLease | None = None
        started = 0.0
        outcome = "ok"
        try:
            async with self._scheduler.lease(call.lane, call, avoid=failed) as lease:
                started = time.perf_counter()
                yield lease
        except Preempted:
            outcome = "preempted"
            raise
        except LocalChatError as error:
            outcome = error.code
            if lease is not None:
                failed.add(lease.endpoint)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            outcome = "cancelled"
            raise
        except BaseException:
            outcome = "internal-error"
            raise
        finally:
            if lease is not None:
                self._observer.on_request(
                    operation=call.operation,
                    model=call.model,
                    lane=call.lane,
                    endpoint=lease.endpoint.name,
                    outcome=outcome,
                    seconds=time.perf_counter() - started,
                    texts=lease.texts,
                )
