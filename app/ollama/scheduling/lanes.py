"""Who may ask which endpoint, and when: queries first, bulk work in what they leave.

The rule, with its reasons and measurements in docs/decisions/0003-priority-lanes.md: while an interactive
request waits for the first byte of its answer, its endpoint is held. Bulk requests in flight there are
cancelled, which drops their texts from the server's queue, and are sent again afterwards. A hold that lasts
lets single texts through, for a part of the time.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from operator import itemgetter

from app.errors import ModelUnavailable
from app.ollama.endpoint import Endpoint
from app.ollama.scheduling.breakers import ModelWork


class Lane(StrEnum):
    INTERACTIVE = "interactive"
    BULK = "bulk"


class QueuedWork(StrEnum):
    """Embedding and chat models run beside each other on a server, so they take separate permits."""

    EMBED = "embed"
    CHAT = "chat"


class Preempted(Exception):
    """A bulk request was cancelled to let a query through; nothing is wrong with it."""


@dataclass(eq=False, slots=True)
class SlotLease:
    """A permit to send one request to `endpoint`.

    A bulk request holds at most `max_texts` texts. Its holder sets `texts` and `characters`, what it sends.
    `holds`: bulk work on the endpoint waits for this request's first byte. `owner`: whose turn it takes.
    """

    endpoint: Endpoint
    lane: Lane
    wanted: ModelWork
    max_texts: int | None = None
    preemptible: bool = False
    holds: bool = False
    owner: str = ""
    started: float = 0.0
    texts: int = 0
    characters: int = 0


@dataclass(eq=False, slots=True)
class _Ticket:
    lane: Lane
    wanted: ModelWork
    avoid: AbstractSet[Endpoint]
    owner: str
    granted: asyncio.Future[SlotLease] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Scheduler:
    """Hands out leases over a pool: least loaded endpoint first, and owners take turns within a lane.

    The next turn is that of the owner with the fewest requests under way, and among the requests of one owner that
    of the first: however many one has waiting, another's waits for those under way alone.

    Each endpoint takes `max_concurrency` interactive requests of each kind of work, and as many bulk
    requests as its window allows. Once an endpoint has been held for `patience` seconds, bulk work sends it
    one text at a time, which is not cancelled, and after each rests for three times as long as it took: so a
    query waits for one text at most, a chat keeps three quarters of the server, and bulk work never starves.
    """

    _REST = 3.0

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        *,
        max_concurrency: int,
        patience: float = 0.25,
        clock: Callable[[], float] = time.monotonic,
        owner: Callable[[], str] = str,
    ) -> None:
        self._owner = owner
        self._under_way: Counter[tuple[Lane, str]] = Counter()
        self._turns: dict[str, int] = {}  # the number of each owner's last turn
        self._turn = count(1)
        self._endpoints = endpoints
        self._max_concurrency = max_concurrency
        self._patience = patience
        self._clock = clock
        self.moved = asyncio.Event()  # `waited_for` may have changed
        self._waiting: dict[Lane, list[_Ticket]] = {Lane.INTERACTIVE: [], Lane.BULK: []}

    @asynccontextmanager
    async def lease(
        self, lane: Lane, wanted: ModelWork, *, avoid: AbstractSet[Endpoint] = frozenset()
    ) -> AsyncIterator[SlotLease]:
        """Wait for a permit, preferring endpoints outside `avoid`; hold it for the length of the block.

        How the block ends is what the breakers and the window of the endpoint learn from.

        Raises:
            ModelUnavailable: at each endpoint a breaker is open, its own or that of the model and the kind of work;
                the last failure of the model is raised again.
            Preempted: the block was cancelled in favour of a query.
        """
        lease = await self._acquire(_Ticket(lane, wanted, avoid, self._owner()))
        error: BaseException | None = None
        try:
            async with self._preemptible(lease.endpoint) if lease.preemptible else nullcontext():
                yield lease
        except BaseException as failure:
            error = failure
            raise
        finally:
            lease.endpoint.breakers.ended(wanted, error)
            if lane is Lane.BULK:
                self._learn(lease, error)
            self._release(lease)

    def answered(self, lease: SlotLease) -> None:
        """Note the first byte of an interactive answer: bulk work may go on beside the rest of it."""
        lease.endpoint.breakers.ended(lease.wanted, None)
        self._unhold(lease)
        self._dispatch()

    @property
    def size(self) -> int:
        """The number of endpoints."""
        return len(self._endpoints)

    @property
    def waited_for(self) -> frozenset[str]:
        """The names of the endpoints that are held for queries of this process."""
        return frozenset(endpoint.name for endpoint in self._endpoints if endpoint.holds > endpoint.yields)

    def give_way(self, endpoints: AbstractSet[str]) -> None:
        """Hold the endpoints of these names, and no others, for queries of other processes."""
        for endpoint in self._endpoints:
            before, endpoint.yields = endpoint.yields, endpoint.name in endpoints
            if endpoint.yields and not before:
                self._hold(endpoint)
            elif before and not endpoint.yields:
                endpoint.holds -= 1
        self._dispatch()

    @asynccontextmanager
    async def _preemptible(self, endpoint: Endpoint) -> AsyncIterator[None]:
        # A deadline that is moved to now tells this cancellation from any that comes from outside.
        try:
            async with asyncio.timeout(None) as deadline:
                endpoint.preemptible.add(deadline)
                try:
                    yield
                finally:
                    endpoint.preemptible.discard(deadline)
        except TimeoutError:
            raise Preempted from None

    async def _acquire(self, ticket: _Ticket) -> SlotLease:
        queue = self._waiting[ticket.lane]
        queue.append(ticket)
        self._dispatch()
        try:
            return await ticket.granted
        except asyncio.CancelledError:
            if not ticket.granted.cancelled() and ticket.granted.exception() is None:
                lease = ticket.granted.result()
                lease.endpoint.breakers.ended(lease.wanted, asyncio.CancelledError())
                self._release(lease)
            raise
        finally:
            queue.remove(ticket)

    def _dispatch(self) -> None:
        for lane in self._waiting:
            full: set[str] = set()
            for ticket in self._by_turns(lane):
                if ticket.wanted.work in full:
                    continue
                reachable = [endpoint for endpoint in self._endpoints if endpoint.breakers.reachable(ticket.wanted)]
                if not reachable:
                    ticket.granted.set_exception(self._refusal(ticket.wanted))
                    continue
                able = [endpoint for endpoint in reachable if endpoint.breakers.ready(ticket.wanted)]
                free = [endpoint for endpoint in able if self._has_room(endpoint, ticket)]
                if free:
                    grant = self._grant_interactive if lane is Lane.INTERACTIVE else self._grant_bulk
                    lease = grant(_best(free, ticket.avoid), ticket.wanted)
                    lease.owner = ticket.owner
                    self._under_way[lane, ticket.owner] += 1
                    self._turns[ticket.owner] = next(self._turn)
                    ticket.granted.set_result(lease)
                elif able:
                    full.add(ticket.wanted.work)

    def _by_turns(self, lane: Lane) -> list[_Ticket]:
        """Tickets that wait, each owner's counted on from those under way; of two alike, the longest unserved."""
        counted: Counter[str] = Counter()
        turns: list[tuple[int, int, int, _Ticket]] = []
        for arrival, ticket in enumerate(self._waiting[lane]):
            if not ticket.granted.done():
                owner = ticket.owner
                place = self._under_way[lane, owner] + counted[owner]
                turns.append((place, self._turns.get(owner, 0), arrival, ticket))
                counted[owner] += 1
        return [ticket for *_, ticket in sorted(turns, key=itemgetter(0, 1, 2))]

    def _refusal(self, wanted: ModelWork) -> ModelUnavailable:
        refusals = [endpoint.breakers.refusal(wanted) for endpoint in self._endpoints]
        return next(filter(None, refusals), ModelUnavailable("No model server answers."))

    def _has_room(self, endpoint: Endpoint, ticket: _Ticket) -> bool:
        if ticket.lane is Lane.INTERACTIVE:
            return endpoint.interactive[ticket.wanted.work] < self._max_concurrency
        if endpoint.holds:
            return endpoint.bulk == 0 and self._clock() >= endpoint.resting_until
        return endpoint.bulk < endpoint.window.requests

    def _grant_interactive(self, endpoint: Endpoint, wanted: ModelWork) -> SlotLease:
        endpoint.breakers.sent(wanted)
        endpoint.interactive[wanted.work] += 1
        self._hold(endpoint)
        self.moved.set()
        return SlotLease(endpoint, Lane.INTERACTIVE, wanted, holds=True, started=self._clock())

    def _grant_bulk(self, endpoint: Endpoint, wanted: ModelWork) -> SlotLease:
        endpoint.breakers.sent(wanted)
        texts = 1 if endpoint.holds else endpoint.window.texts
        # One single text may always finish, so that bulk work advances under any load of queries.
        preemptible = wanted.work == QueuedWork.EMBED and (texts > 1 or endpoint.bulk > 0)
        endpoint.bulk += 1
        return SlotLease(endpoint, Lane.BULK, wanted, texts, preemptible=preemptible, started=self._clock())

    def _learn(self, lease: SlotLease, error: BaseException | None) -> None:
        now, window = self._clock(), lease.endpoint.window
        if isinstance(error, ModelUnavailable):
            window.interrupted(now)
        elif error is None and lease.wanted.work == QueuedWork.EMBED:
            window.completed(
                texts=lease.texts,
                characters=lease.characters,
                seconds=now - lease.started,
                in_flight=lease.endpoint.bulk,
                now=now,
            )

    def _hold(self, endpoint: Endpoint) -> None:
        endpoint.holds += 1
        endpoint.preempt(self._clock())
        if endpoint.holds == 1:
            self._rest(endpoint, self._patience)

    def _rest(self, endpoint: Endpoint, seconds: float) -> None:
        endpoint.resting_until = self._clock() + seconds
        asyncio.get_running_loop().call_later(seconds, self._dispatch)

    def _unhold(self, lease: SlotLease) -> None:
        if lease.holds:
            lease.holds = False
            lease.endpoint.holds -= 1
            self.moved.set()

    def _release(self, lease: SlotLease) -> None:
        endpoint = lease.endpoint
        self._under_way[lease.lane, lease.owner] -= 1
        if not self._under_way[lease.lane, lease.owner]:
            del self._under_way[lease.lane, lease.owner]
        if lease.lane is Lane.INTERACTIVE:
            endpoint.interactive[lease.wanted.work] -= 1
            self._unhold(lease)
        else:
            endpoint.bulk -= 1
            if endpoint.holds and not lease.preemptible:
                self._rest(endpoint, self._REST * (self._clock() - lease.started))
        self._dispatch()


def _best(endpoints: Sequence[Endpoint], avoid: AbstractSet[Endpoint]) -> Endpoint:
    """Choose the least loaded; of two, the one where less bulk work would be in the way."""
    return min(endpoints, key=lambda endpoint: (endpoint in avoid, endpoint.load, endpoint.bulk))
