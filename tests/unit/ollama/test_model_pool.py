"""The parts under the Ollama client: bulk window, lanes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from functools import partial

import pytest

from app.concurrency.circuit_breaker import BreakerState, CircuitBreaker
from app.errors import ModelCrashed, ModelUnavailable
from app.ollama.endpoint import Endpoint
from app.ollama.scheduling.breakers import EndpointBreakers
from app.ollama.scheduling.dispatch import Call
from app.ollama.scheduling.lanes import Lane, Preempted, QueuedWork, Scheduler, SlotLease
from app.ollama.scheduling.window import AdaptiveLimit, BulkWindow
from app.ollama.transport import Timeouts, connect, parse_address
from tests.support.waiting import idle


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def simulate(limit: AdaptiveLimit, *, slots: int, demand: int, requests: int) -> list[int]:
    """Feed `limit` with a server that works on `slots` requests at once, each for 1 s, with `demand` callers.

    Returns:
        The limit after each request.
    """
    now = 0.0
    seen: list[int] = []
    for _ in range(requests):
        in_flight = min(limit.value, demand)
        # With fewer slots than requests, the answers come at the rate of the slots.
        now += 1 / min(in_flight, slots)
        limit.completed(1000, in_flight, now)
        seen.append(limit.value)
    return seen


@pytest.mark.parametrize("demand", [8, 5])
def test_a_single_slot_server_is_given_two_requests(demand: int) -> None:
    seen = simulate(AdaptiveLimit(8), slots=1, demand=demand, requests=4000)
    assert seen[300] == 2
    assert sum(value == 2 for value in seen) >= 0.93 * len(seen)


@pytest.mark.parametrize("slots", [4, 8])
def test_a_parallel_server_is_given_as_many_requests_as_it_has_slots(slots: int) -> None:
    seen = simulate(AdaptiveLimit(8), slots=slots, demand=8, requests=4000)
    assert sum(value >= slots for value in seen) >= 0.93 * len(seen)


def test_a_server_that_gains_slots_is_given_more() -> None:
    limit = AdaptiveLimit(8)
    simulate(limit, slots=1, demand=8, requests=300)
    seen = simulate(limit, slots=8, demand=8, requests=4000)
    assert max(seen[-1000:]) == 8


def answer(window: BulkWindow, texts: int, *, seconds: float = 0.1) -> None:
    window.completed(texts=texts, characters=9 * texts, seconds=seconds, in_flight=1, now=1.0)


def test_a_request_holds_an_eighth_of_what_is_answered_between_two_interruptions() -> None:
    window = BulkWindow(max_texts=64, max_requests=8)
    assert (window.texts, window.requests) == (64, 8)
    for _ in range(12):
        answer(window, 80)
        window.interrupted(0.0)
    assert (window.texts, window.requests) == (10, 2)
    for _ in range(12):
        window.interrupted(0.0)
    assert window.texts == 1
    answer(window, 512)
    assert (window.texts, window.requests) == (64, 8), "nobody interrupts any more"


def test_requests_shrink_to_what_is_answered_within_the_target_and_grow_back() -> None:
    window = BulkWindow(max_texts=64, max_requests=8, target=2.0)
    answer(window, 64, seconds=8.0)
    assert window.texts == 16
    answer(window, 16, seconds=1.5)
    assert window.texts == 16
    answer(window, 16, seconds=0.9)
    assert window.texts == 32


@pytest.fixture
async def endpoints(clock: Clock) -> AsyncIterator[list[Endpoint]]:
    async with AsyncExitStack() as stack:
        yield [
            Endpoint(
                name,
                await stack.enter_async_context(
                    aclosing(connect(parse_address(f"http://{name}"), timeouts=Timeouts()))
                ),
                timeouts=Timeouts(),
                breakers=EndpointBreakers(
                    CircuitBreaker(threshold=3, clock=clock, cooldown=10),
                    partial(CircuitBreaker, threshold=3, clock=clock, cooldown=10),
                ),
                window=BulkWindow(max_texts=64, max_requests=2),
                headers=dict,
            )
            for name in ("a", "b")
        ]


class Holder:
    """Asks for a lease and holds it until told to let go."""

    def __init__(self, scheduler: Scheduler, lane: Lane, work: QueuedWork = QueuedWork.EMBED) -> None:
        self.lease: SlotLease | None = None
        self.error: BaseException | None = None
        self._let_go: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._hold(scheduler, lane, work))

    async def _hold(self, scheduler: Scheduler, lane: Lane, work: QueuedWork) -> None:
        try:
            async with scheduler.lease(lane, Call("test", "m", lane, work)) as self.lease:
                await self._let_go
        except (Preempted, ModelUnavailable, ModelCrashed) as error:
            self.error = error

    def name(self) -> str | None:
        """Return the name of the endpoint that the lease is for, if there is one."""
        return self.lease.endpoint.name if self.lease else None

    def texts(self) -> int | None:
        return self.lease.max_texts if self.lease else None

    async def end(self, error: Exception | None = None) -> None:
        if error:
            self._let_go.set_exception(error)
        else:
            self._let_go.set_result(None)
        await self._task

    async def cancel(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


async def settle() -> None:
    await idle()


async def hold(scheduler: Scheduler, lane: Lane, work: QueuedWork = QueuedWork.EMBED) -> Holder:
    holder = Holder(scheduler, lane, work)
    await settle()
    return holder


async def test_the_least_loaded_endpoint_is_asked(endpoints: list[Endpoint]) -> None:
    scheduler = Scheduler(endpoints, max_concurrency=2)
    holders = [await hold(scheduler, Lane.BULK) for _ in range(4)]
    assert [holder.name() for holder in holders] == ["a", "b", "a", "b"]
    fifth = await hold(scheduler, Lane.BULK)
    assert fifth.name() is None
    await holders[1].end()
    await settle()
    assert fifth.name() == "b"
    for holder in (holders[0], *holders[2:], fifth):
        await holder.end()
    assert [endpoint.load for endpoint in endpoints] == [0, 0]


async def test_a_chat_that_nobody_waits_for_waits_for_queries_and_says_nothing_of_embeddings(
    endpoints: list[Endpoint],
) -> None:
    clock = Clock()
    scheduler = Scheduler(endpoints[:1], max_concurrency=2, clock=clock)
    query = await hold(scheduler, Lane.INTERACTIVE)
    chat = await hold(scheduler, Lane.BULK, QueuedWork.CHAT)
    assert chat.name() is None
    await query.end()
    await settle()
    assert chat.name() == "a"
    clock.now += 60
    await chat.end()
    ingestion = await hold(scheduler, Lane.BULK)
    assert ingestion.texts() == 64, "a chat of a minute is no slow embedding"
    await ingestion.end()


async def test_a_query_goes_where_no_bulk_work_is_and_disturbs_none(endpoints: list[Endpoint]) -> None:
    scheduler = Scheduler(endpoints, max_concurrency=2)
    bulk = await hold(scheduler, Lane.BULK)
    query = await hold(scheduler, Lane.INTERACTIVE)
    assert query.name() == "b"
    assert bulk.error is None
    await query.end()
    await bulk.end()


async def test_a_query_cancels_bulk_requests_in_its_way(endpoints: list[Endpoint]) -> None:
    scheduler = Scheduler(endpoints[:1], max_concurrency=2)
    bulk = [await hold(scheduler, Lane.BULK) for _ in range(2)]
    query = await hold(scheduler, Lane.INTERACTIVE)
    assert query.name() == "a"
    assert all(isinstance(holder.error, Preempted) for holder in bulk)
    again = await hold(scheduler, Lane.BULK)
    assert again.name() is None
    await query.end()
    await settle()
    assert again.texts() == 32, "half of what is usual, for nothing was answered before the query"
    await again.end()


async def test_the_last_single_text_is_never_cancelled(endpoints: list[Endpoint]) -> None:
    endpoint = endpoints[0]
    for _ in range(12):
        endpoint.window.interrupted(0.0)
    scheduler = Scheduler([endpoint], max_concurrency=2)
    first = await hold(scheduler, Lane.BULK)
    second = await hold(scheduler, Lane.BULK)
    query = await hold(scheduler, Lane.INTERACTIVE)
    assert first.error is None
    assert isinstance(second.error, Preempted)
    await first.end()
    await query.end()


async def test_bulk_work_may_go_on_beside_an_answer_that_has_begun(endpoints: list[Endpoint]) -> None:
    scheduler = Scheduler(endpoints[:1], max_concurrency=2)
    chat = await hold(scheduler, Lane.INTERACTIVE, QueuedWork.CHAT)
    bulk = await hold(scheduler, Lane.BULK)
    assert bulk.name() is None
    assert chat.lease is not None
    scheduler.answered(chat.lease)
    await settle()
    assert bulk.name() == "a"
    await bulk.end()
    await chat.end()


async def test_a_long_hold_lets_single_texts_through(endpoints: list[Endpoint], clock: Clock) -> None:
    scheduler = Scheduler(endpoints[:1], max_concurrency=2, patience=0.01, clock=clock)
    chat = await hold(scheduler, Lane.INTERACTIVE, QueuedWork.CHAT)
    bulk = await hold(scheduler, Lane.BULK)
    await idle()
    assert bulk.name() is None, "the clock has not moved"
    clock.now += 0.01
    query = await hold(scheduler, Lane.INTERACTIVE)
    assert bulk.texts() == 1
    assert bulk.error is None
    clock.now += 1
    await bulk.end()
    after = await hold(scheduler, Lane.BULK)
    assert after.name() is None, "it rests for three times as long as it took"
    await query.end()
    await chat.end()
    await settle()
    assert after.name() == "a"
    await after.end()


async def test_embedding_and_chatting_take_separate_permits(endpoints: list[Endpoint]) -> None:
    scheduler = Scheduler(endpoints[:1], max_concurrency=1)
    chat = await hold(scheduler, Lane.INTERACTIVE, QueuedWork.CHAT)
    waiting = await hold(scheduler, Lane.INTERACTIVE, QueuedWork.CHAT)
    query = await hold(scheduler, Lane.INTERACTIVE, QueuedWork.EMBED)
    assert waiting.name() is None
    assert query.name() == "a"
    for holder in (query, chat, waiting):
        await holder.end()


async def test_waiting_ends_at_once_when_the_last_endpoint_fails(endpoints: list[Endpoint], clock: Clock) -> None:
    scheduler = Scheduler(endpoints[:1], max_concurrency=1, clock=clock)
    for _ in range(2):
        await (await hold(scheduler, Lane.INTERACTIVE)).end(ModelUnavailable("down"))
    last = await hold(scheduler, Lane.INTERACTIVE)
    waiting = await hold(scheduler, Lane.INTERACTIVE)
    await last.end(ModelUnavailable("down"))
    await settle()
    assert isinstance(waiting.error, ModelUnavailable)
    refused = await hold(scheduler, Lane.BULK)
    assert isinstance(refused.error, ModelUnavailable)
    clock.now += 10
    probe = await hold(scheduler, Lane.INTERACTIVE)
    assert probe.name() == "a"
    await probe.end()
    assert endpoints[0].breakers.server.state is BreakerState.CLOSED


async def test_a_crashed_model_does_not_open_the_circuit_of_its_server(endpoints: list[Endpoint]) -> None:
    scheduler = Scheduler(endpoints[:1], max_concurrency=1)
    for _ in range(5):
        await (await hold(scheduler, Lane.BULK)).end(ModelCrashed("died"))
    assert endpoints[0].breakers.server.state is BreakerState.CLOSED


async def test_cancelling_a_wait_or_a_lease_returns_its_permit(endpoints: list[Endpoint]) -> None:
    scheduler = Scheduler(endpoints[:1], max_concurrency=1)
    first = await hold(scheduler, Lane.INTERACTIVE)
    second = await hold(scheduler, Lane.INTERACTIVE)
    third = await hold(scheduler, Lane.INTERACTIVE)
    await second.cancel()
    await first.cancel()
    await settle()
    assert third.name() == "a"
    # Granted and cancelled in the same turn of the loop: the permit is on its way to nobody.
    fourth = await hold(scheduler, Lane.INTERACTIVE)
    ending = asyncio.create_task(third.end())
    await idle()
    cancelling = asyncio.create_task(fourth.cancel())
    await asyncio.gather(ending, cancelling)
    assert endpoints[0].load == 0
    assert endpoints[0].holds == 0
