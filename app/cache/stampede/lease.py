"""One computation per question in the whole fleet: one replica holds a lease, and the others wait for its result.

A lease saves work and is never needed for a right answer. So when its store fails or a wait lasts too long, the
caller computes.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar
from uuid import uuid4

from app.concurrency.circuit_breaker import CircuitBreaker

logger = logging.getLogger(__name__)

T = TypeVar("T")


class LeaseStore(Protocol):
    """Keeps the token that holds each name. Each method is atomic; `ttl` is in seconds."""

    async def acquire(self, name: str, token: str, ttl: float) -> bool: ...

    async def extend(self, name: str, token: str, ttl: float) -> bool: ...

    async def release(self, name: str, token: str) -> None: ...


class ComputeLease:
    """A held name, renewed until it is released. Without a store it allows computing without a lease."""

    def __init__(self, name: str, token: str, ttl: float, store: LeaseStore | None) -> None:
        self._name = name
        self._token = token
        self._ttl = ttl
        self._store = store
        self._renewal = None if store is None else asyncio.create_task(self._renew(store))

    @property
    def held(self) -> bool:
        return self._store is not None

    async def release(self) -> None:
        """Release, even if the caller is cancelled meanwhile. If that fails, the lease expires."""
        store, self._store = self._store, None
        if store is None or self._renewal is None:
            return
        self._renewal.cancel()
        self._releasing = asyncio.create_task(self._release(store, self._renewal))
        await asyncio.shield(self._releasing)

    async def _release(self, store: LeaseStore, renewal: asyncio.Task[None]) -> None:
        await asyncio.gather(renewal, return_exceptions=True)
        try:
            await store.release(self._name, self._token)
        except Exception as error:  # noqa: BLE001 - it expires
            logger.info("a lease was not released and will expire: %s", type(error).__name__)

    async def _renew(self, store: LeaseStore) -> None:
        renewed = True
        while renewed:
            await asyncio.sleep(self._ttl / 3)
            try:
                renewed = await store.extend(self._name, self._token, self._ttl)
            except Exception as error:  # noqa: BLE001 - two more attempts fit into its life
                logger.info("a lease was not renewed: %s", type(error).__name__)


class FleetLease:
    """Elects one computation among replicas.

    `stores` are tried in order, each behind its breaker; the first that answers decides. A lease expires `ttl`
    seconds after its last renewal. Waiters look again after `poll` seconds, from the first figure up to the second,
    with jitter, and compute by themselves after `wait` seconds.
    """

    def __init__(
        self,
        stores: Sequence[tuple[LeaseStore, CircuitBreaker]],
        *,
        ttl: float = 5.0,
        wait: float = 30.0,
        poll: tuple[float, float] = (0.02, 0.25),
    ) -> None:
        self._stores = stores
        self._ttl = ttl
        self._wait = wait
        self._poll = poll

    async def claim(self, name: str, probe: Callable[[], Awaitable[T | None]]) -> T | ComputeLease:
        """Return the result of another replica as soon as `probe` finds it, or a lease to compute under.

        The caller releases the lease after storing its result, so that the next claim finds it.
        """
        loop = asyncio.get_running_loop()
        give_up = loop.time() + self._wait
        pause, longest = self._poll
        while True:
            lease = await self._acquire(name)
            try:
                found = await probe() if lease is None or lease.held else None
            except BaseException:
                if lease is not None:
                    await lease.release()
                raise
            if found is not None:
                if lease is not None:
                    await lease.release()
                return found
            if lease is not None:
                return lease
            if loop.time() >= give_up:
                return ComputeLease(name, "", self._ttl, None)
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
            pause = min(pause * 2, longest)

    async def _acquire(self, name: str) -> ComputeLease | None:
        """Return a lease, one without a store if none answers, or None if another replica holds it."""
        token = uuid4().hex
        for store, breaker in self._stores:
            if not breaker.allows():
                continue
            try:
                acquired = await store.acquire(name, token, self._ttl)
            except Exception:  # noqa: BLE001 - the next store decides, or none
                breaker.failed()
                continue
            breaker.succeeded()
            return ComputeLease(name, token, self._ttl, store) if acquired else None
        return ComputeLease(name, token, self._ttl, None)
