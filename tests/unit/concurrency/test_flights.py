"""One computation for many callers: gathered reads, single flights, shared streams, background work."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing

import pytest

from app.cache.stampede.broadcast import BroadcastAbandoned, BroadcastFlight
from app.concurrency.background import Background
from app.concurrency.data_loader import DataLoader
from app.concurrency.single_flight import SingleFlight
from tests.support.waiting import idle


class Work:
    """Counts how often it was begun and cancelled, and ends when it is told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.cancelled = 0
        self.done = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> str:
        self.begun += 1
        try:
            await self.done.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        return "result"


async def test_identical_calls_run_the_work_once() -> None:
    flights: SingleFlight[str] = SingleFlight()
    work = Work()
    callers = [asyncio.create_task(flights.run("key", work)) for _ in range(1000)]
    await idle()
    assert "key" in flights
    work.done.set()
    assert set(await asyncio.gather(*callers)) == {"result"}
    assert work.begun == 1
    assert "key" not in flights


async def test_the_work_survives_the_one_who_began_it() -> None:
    flights: SingleFlight[str] = SingleFlight()
    work = Work()
    first, second = (asyncio.create_task(flights.run("key", work)) for _ in range(2))
    await idle()
    first.cancel()
    await idle()
    work.done.set()
    assert await second == "result"
    assert (work.begun, work.cancelled) == (1, 0)


async def test_the_work_goes_on_when_everyone_has_left() -> None:
    flights: SingleFlight[str] = SingleFlight()
    work = Work()
    caller = asyncio.create_task(flights.run("key", work))
    await idle()
    caller.cancel()
    await idle()
    rejoined = asyncio.create_task(flights.run("key", work))
    await idle()
    work.done.set()
    assert await rejoined == "result"
    assert work.begun == 1


async def test_an_error_reaches_every_caller_and_is_not_kept() -> None:
    flights: SingleFlight[str] = SingleFlight()
    work = Work()
    work.error = ValueError("broken")
    callers = [asyncio.create_task(flights.run("key", work)) for _ in range(3)]
    await idle()
    work.done.set()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert [type(result) for result in results] == [ValueError] * 3
    work.error = None
    assert await flights.run("key", work) == "result"


async def test_a_caller_can_stop_waiting_while_the_work_goes_on() -> None:
    flights: SingleFlight[str] = SingleFlight()
    work = Work()
    with pytest.raises(TimeoutError):
        await flights.run("key", work, wait=0.01)
    work.done.set()
    assert await flights.run("key", work) == "result"
    assert work.begun == 1


async def test_closing_cancels_what_is_under_way() -> None:
    flights: SingleFlight[str] = SingleFlight()
    work = Work()
    flights.start("key", work)
    flights.start("key", work)
    await idle()
    await flights.close()
    assert (work.begun, work.cancelled, "key" in flights) == (1, 1, False)


class Fetches:
    """Records the batches that were asked for; each waits until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.go = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self, keys: Sequence[str]) -> Mapping[str, str]:
        self.batches.append(list(keys))
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return {key: key.upper() for key in keys if key != "missing"}


async def test_reads_of_one_tick_become_one_fetch() -> None:
    fetch = Fetches()
    fetch.go.set()
    gather: DataLoader[str, str] = DataLoader(fetch, timeout=5)
    results = await asyncio.gather(*(gather.get(key) for key in ("a", "b", "a", "missing")))
    assert results == ["A", "B", "A", None]
    assert fetch.batches == [["a", "b", "missing"]]


async def test_a_read_never_joins_a_fetch_that_has_begun() -> None:
    fetch = Fetches()
    gather: DataLoader[str, str] = DataLoader(fetch, timeout=5)
    first = asyncio.create_task(gather.get("a"))
    await idle()
    second = asyncio.create_task(gather.get("a"))
    await idle()
    fetch.go.set()
    assert list(await asyncio.gather(first, second)) == ["A", "A"]
    assert fetch.batches == [["a"], ["a"]]


async def test_fetches_are_bounded_in_number_and_size() -> None:
    fetch = Fetches()
    gather: DataLoader[str, str] = DataLoader(fetch, timeout=5, in_flight=2, max_keys=2)
    readers = [asyncio.create_task(gather.get(key)) for key in "abcdefg"]
    await idle()
    assert fetch.batches == [["a", "b"], ["c", "d"]]
    fetch.go.set()
    assert await asyncio.gather(*readers) == list("ABCDEFG")
    assert [len(batch) for batch in fetch.batches] == [2, 2, 2, 1]


async def test_a_failed_fetch_fails_each_of_its_readers_and_no_other() -> None:
    fetch = Fetches()
    fetch.go.set()
    fetch.error = ConnectionError("gone")
    gather: DataLoader[str, str] = DataLoader(fetch, timeout=5)
    results = await asyncio.gather(gather.get("a"), gather.get("b"), return_exceptions=True)
    assert [type(result) for result in results] == [ConnectionError] * 2
    fetch.error = None
    assert await gather.get("a") == "A"


async def test_a_fetch_that_hangs_is_given_up() -> None:
    gather: DataLoader[str, str] = DataLoader(Fetches(), timeout=0.01)
    with pytest.raises(TimeoutError):
        await gather.get("a")


@pytest.mark.parametrize("error", [None, ConnectionError("gone")])
async def test_readers_that_left_are_passed_over(error: Exception | None) -> None:
    fetch = Fetches()
    fetch.error = error
    gather: DataLoader[str, str] = DataLoader(fetch, timeout=5)
    leaving, staying = (asyncio.create_task(gather.get("a")) for _ in range(2))
    await idle()
    leaving.cancel()
    await idle()
    fetch.go.set()
    result = (await asyncio.gather(staying, return_exceptions=True))[0]
    assert result == (error or "A")


async def test_closing_the_gather_releases_its_readers() -> None:
    gather: DataLoader[str, str] = DataLoader(Fetches(), timeout=5)
    reader = asyncio.create_task(gather.get("a"))
    await idle()
    await gather.close()
    with pytest.raises(asyncio.CancelledError):
        await reader


class Source:
    """A stream that is let go event by event."""

    def __init__(self, *events: str, error: Exception | None = None) -> None:
        self.events = events
        self.error = error
        self.begun = 0
        self.closed = 0
        self.steps = asyncio.Semaphore(0)

    def advance(self, count: int = 100) -> None:
        for _ in range(count):
            self.steps.release()

    async def __call__(self) -> AsyncIterator[str]:
        self.begun += 1
        try:
            for event in self.events:
                await self.steps.acquire()
                yield event
            if self.error is not None:
                raise self.error
        finally:
            self.closed += 1


async def collect(flight: BroadcastFlight[str]) -> list[str]:
    async with aclosing(flight.read()) as events:
        return [event async for event in events]


async def test_every_reader_sees_every_event_also_when_it_joins_late() -> None:
    source = Source("a", "b", "c")
    flight = BroadcastFlight(source)
    early = [asyncio.create_task(collect(flight)) for _ in range(3)]
    source.advance(2)
    await idle()
    late = asyncio.create_task(collect(flight))
    await idle()
    source.advance()
    assert await asyncio.gather(*early, late) == [["a", "b", "c"]] * 4
    assert await collect(flight) == ["a", "b", "c"]
    assert (source.begun, flight.joinable) == (1, True)


async def test_the_first_reader_leaving_does_not_stop_the_others() -> None:
    source = Source("a", "b", "c")
    flight = BroadcastFlight(source)
    first = flight.read()
    second = asyncio.create_task(collect(flight))
    source.advance(1)
    assert await anext(first) == "a"
    await first.aclose()
    await first.aclose()
    source.advance()
    assert await second == ["a", "b", "c"]


async def test_the_producer_is_stopped_once_the_last_reader_has_left() -> None:
    source = Source("a", "b")
    flight = BroadcastFlight(source)
    async with aclosing(flight.read()) as events:
        source.advance(1)
        assert await anext(events) == "a"
    await idle()
    assert source.closed == 1
    assert not flight.joinable
    with pytest.raises(BroadcastAbandoned):
        await collect(flight)


async def test_a_reader_within_the_grace_keeps_the_producer() -> None:
    source = Source("a", "b")
    flight = BroadcastFlight(source, grace=0.05)
    await flight.read().aclose()
    await idle()
    again = asyncio.create_task(collect(flight))
    await asyncio.sleep(0.1)
    source.advance()
    assert await again == ["a", "b"]


async def test_an_error_comes_after_the_events_before_it_and_to_every_reader() -> None:
    source = Source("a", error=ValueError("broken"))
    flight = BroadcastFlight(source)
    source.advance()
    for _ in range(2):
        async with aclosing(flight.read()) as events:
            assert await anext(events) == "a"
            with pytest.raises(ValueError, match="broken"):
                await anext(events)
    assert not flight.joinable


async def test_closing_a_flight_ends_its_readers() -> None:
    source = Source("a")
    flight = BroadcastFlight(source)
    await flight.close()
    reader = asyncio.create_task(collect(flight))
    await idle()
    await flight.close()
    with pytest.raises(BroadcastAbandoned):
        await reader
    assert source.closed == 1


async def test_background_work_beyond_the_limit_is_dropped() -> None:
    background = Background(limit=1)
    done = asyncio.Event()
    ran = []

    async def work(name: str) -> None:
        await done.wait()
        ran.append(name)

    assert background.spawn(work("kept"))
    assert not background.spawn(work("dropped"))
    done.set()
    await background.drain()
    assert ran == ["kept"]


async def test_background_work_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    background = Background()

    async def work() -> None:
        raise ValueError("broken")

    background.spawn(work())
    await background.drain()
    assert "background work failed" in caplog.text


async def test_closing_waits_for_background_work_and_then_cancels_it() -> None:
    background = Background()
    quick, stuck = Work(), Work()
    quick.done.set()
    background.spawn(quick())
    background.spawn(stuck())
    await background.close(patience=0.01)
    assert (quick.cancelled, stuck.cancelled) == (0, 1)
    await background.close()
