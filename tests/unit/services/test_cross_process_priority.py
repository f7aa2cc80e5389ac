"""How processes tell each other of the model servers that their queries wait for."""

import asyncio
from collections.abc import Set as AbstractSet

from app.errors import StoreUnavailable
from app.services.operations.cross_process_priority import CrossProcessPriority
from tests.support.waiting import until


class Lanes:
    def __init__(self) -> None:
        self.waited_for: frozenset[str] = frozenset()
        self.given: AbstractSet[str] = frozenset()
        self.changed = asyncio.Event()

    async def moved(self) -> None:
        await self.changed.wait()
        self.changed.clear()

    def give_way(self, endpoints: AbstractSet[str]) -> None:
        self.given = endpoints

    def wait_for(self, *names: str) -> None:
        self.waited_for = frozenset(names)
        self.changed.set()


async def test_a_process_gives_way_wherever_queries_of_others_wait() -> None:
    lanes = Lanes()
    ours = CrossProcessPriority(lanes)
    ours.hear("api-1\na\nb")
    ours.hear("api-2\nb\nc")
    assert lanes.given == {"a", "b", "c"}
    ours.hear("api-1\nb")
    ours.hear("api-2")
    assert lanes.given == {"b"}
    ours.hear("api-1")
    assert lanes.given == frozenset()


async def test_nobody_gives_way_for_long_to_a_process_that_says_no_more() -> None:
    lanes = Lanes()
    ours = CrossProcessPriority(lanes, lease=0.05)
    ours.hear("gone\na")
    ours.hear("other\nb")
    assert lanes.given == {"a", "b"}
    await until(lambda: not lanes.given)


async def test_what_a_process_waits_for_is_told_renewed_and_taken_back_and_its_echo_means_nothing() -> None:
    lanes, told = Lanes(), []
    ours = CrossProcessPriority(lanes, renewal=0.02)

    async def send(message: str) -> None:
        told.append(message.split("\n")[1:])
        ours.hear(message)
        if len(told) == 2:
            raise StoreUnavailable("The database did not answer; try again shortly.")

    announcing = asyncio.create_task(ours.announce(send))
    lanes.changed.set()  # a query that came and went
    await asyncio.sleep(0.05)
    assert told == []
    lanes.wait_for("b", "a")
    await until(lambda: len(told) >= 3)
    lanes.wait_for()
    await until(lambda: told[-1] == [])
    number = len(told)
    await asyncio.sleep(0.05)
    assert len(told) == number
    assert set(map(tuple, told)) == {("a", "b"), ()}
    assert lanes.given == frozenset()
    announcing.cancel()
    await asyncio.wait([announcing])
