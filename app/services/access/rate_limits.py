"""Limits of keys and tenants, counted in Redis for all replicas, and in memory while there is none."""

import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil
from operator import methodcaller
from typing import TypeVar

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.aio.strategies import FixedWindowRateLimiter
from limits.errors import StorageError

from app.concurrency.circuit_breaker import CircuitBreaker
from app.domain.access.caller import Caller
from app.domain.access.quotas import Measure, Quota, Quotas
from app.errors import TooManyRequests

# A request is ten units and a hit of the cache one, so that ten hits cost one request.
REQUEST_UNITS = 10
HIT_UNITS = 1

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of a quota of requests, and the seconds until it is whole again."""

    quota: Quota
    remaining: int
    reset: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """As in draft-ietf-httpapi-ratelimit-headers-10."""
        policy = f'"requests";q={self.quota.amount};w={self.quota.seconds}'
        return [
            (b"ratelimit-policy", policy.encode()),
            (b"ratelimit", f'"requests";r={self.remaining};t={self.reset}'.encode()),
        ]


class RateLimits:
    """Counts what keys and tenants use in fixed windows, and refuses what goes beyond.

    A hit of the fast path is counted here without waiting for anything; every tenth goes the long way, and is
    charged for all ten. Requests under way at once are counted by each process for itself.

    Args:
        of_key, of_tenant: the quotas of each key, and of each tenant. A user of a token counts as a key.
        memory: counts while Redis does not.
        shared: counts for all replicas; None without Redis.
    """

    def __init__(
        self,
        of_key: Quotas,
        of_tenant: Quotas,
        *,
        memory: FixedWindowRateLimiter,
        shared: FixedWindowRateLimiter | None = None,
    ) -> None:
        self._quotas = {"key": of_key, "tenant": of_tenant}
        self._memory = memory
        self._shared = shared
        self._breaker = CircuitBreaker(threshold=1, cooldown=5.0)
        self._hits: Counter[str] = Counter()
        self._under_way: Counter[tuple[str, str]] = Counter()

    @property
    def counts_requests(self) -> bool:
        return any(Measure.REQUESTS in quotas for quotas in self._quotas.values())

    def admits_hit(self, caller: Caller) -> bool:
        """Count a hit of the cache. False: this one has to go the long way."""
        if not self.counts_requests:
            return True
        name = _names(caller)["key"]
        if self._hits[name] >= REQUEST_UNITS - 1:
            return False
        self._hits[name] += HIT_UNITS
        return True

    async def admit(self, caller: Caller) -> Standing | None:
        """Charge a request; None if requests are not limited.

        Raises:
            TooManyRequests: the key or the tenant has asked too often.
        """
        if not self.counts_requests:
            return None
        name = _names(caller)["key"]
        units = REQUEST_UNITS + self._hits.pop(name, 0)
        try:
            await self._charge(caller, Measure.REQUESTS, units, REQUEST_UNITS)
        except TooManyRequests:
            self._hits[name] = REQUEST_UNITS - 1  # no hit goes past the refusal
            raise
        return await self._standing(caller)

    async def give_back(self, caller: Caller) -> None:
        """A request was a hit of the cache after all."""
        if self.counts_requests:
            await self._charge(caller, Measure.REQUESTS, HIT_UNITS - REQUEST_UNITS, REQUEST_UNITS)

    async def charge(self, caller: Caller, measure: Measure, amount: int) -> None:
        """Charge tokens, bytes or documents.

        Raises:
            TooManyRequests: that would be more than the quota.
        """
        await self._charge(caller, measure, amount)

    async def spend(self, caller: Caller, measure: Measure, amount: int) -> None:
        """Note what was used already, as tokens are: the next request is refused once the quota is spent."""
        for kind, name, quota in self._of(caller, measure):
            await self._add(_item(measure, quota), (kind, name), amount)

    async def check(self, caller: Caller, measure: Measure) -> None:
        """
        Raises:
            TooManyRequests: nothing is left of the quota.
        """
        for kind, name, quota in self._of(caller, measure):
            item = _item(measure, quota)
            if not await self._counted(methodcaller("test", item, kind, name)):
                raise await self._refusal(item, (kind, name), measure, quota)

    @contextmanager
    def under_way(self, caller: Caller) -> Iterator[None]:
        """Count a question as long as it is answered.

        Raises:
            TooManyRequests: as many as the quota allows are under way.
        """
        counted = [(kind, name) for kind, name, _ in self._of(caller, Measure.STREAMS)]
        for kind, name, quota in self._of(caller, Measure.STREAMS):
            if self._under_way[kind, name] >= quota.amount:
                raise TooManyRequests(
                    f"{quota.amount} questions of this {kind} are under way; wait for one to end.", 1
                )
        self._under_way.update(counted)
        try:
            yield
        finally:
            self._under_way.subtract(counted)
            self._under_way += Counter()  # forget those that have none

    async def _charge(self, caller: Caller, measure: Measure, amount: int, units: int = 1) -> None:
        for kind, name, quota in self._of(caller, measure):
            item, of = _item(measure, quota, units), (kind, name)
            if amount < 0:
                await self._add(item, of, amount)
            elif not await self._counted(methodcaller("hit", item, *of, cost=amount)):
                raise await self._refusal(item, of, measure, quota)

    async def _add(self, item: RateLimitItem, of: tuple[str, str], amount: int) -> None:
        def add(by: FixedWindowRateLimiter) -> Awaitable[int]:
            return by.storage.incr(item.key_for(*of), item.get_expiry(), amount=amount)

        await self._counted(add)

    async def _refusal(
        self, item: RateLimitItem, of: tuple[str, str], measure: Measure, quota: Quota
    ) -> TooManyRequests:
        stats = await self._counted(methodcaller("get_window_stats", item, *of))
        detail = f"This {of[0]} has {quota.amount} {measure.words} in {quota.seconds} seconds."
        return TooManyRequests(detail, max(1, ceil(stats.reset_time - time.time())))

    async def _standing(self, caller: Caller) -> Standing | None:
        """That of the key, else of the tenant."""
        for kind, name, quota in self._of(caller, Measure.REQUESTS)[:1]:
            item = _item(Measure.REQUESTS, quota, REQUEST_UNITS)
            stats = await self._counted(methodcaller("get_window_stats", item, kind, name))
            reset = max(0, ceil(stats.reset_time - time.time()))
            return Standing(quota, max(0, stats.remaining) // REQUEST_UNITS, reset)
        return None

    async def _counted(self, count: Callable[[FixedWindowRateLimiter], Awaitable[T]]) -> T:
        """Count in Redis, or in memory while it does not answer."""
        if self._shared is not None and self._breaker.allows():
            try:
                counted = await count(self._shared)
            except StorageError as error:
                _log.warning("Each replica counts its limits for itself, since Redis does not: %r", error)
                self._breaker.failed()
            except BaseException:
                self._breaker.abandoned()
                raise
            else:
                self._breaker.succeeded()
                return counted
        return await count(self._memory)

    def _of(self, caller: Caller, measure: Measure) -> list[tuple[str, str, Quota]]:
        names = _names(caller)
        return [(kind, names[kind], quotas[measure]) for kind, quotas in self._quotas.items() if measure in quotas]


def _names(caller: Caller) -> dict[str, str]:
    return {"key": f"{caller.tenant}/{caller.key or caller.name}", "tenant": caller.tenant}


def _item(measure: Measure, quota: Quota, units: int = 1) -> RateLimitItem:
    return RateLimitItemPerSecond(quota.amount * units, quota.seconds, namespace=f"localchat/{measure}")
