"""Verified keys in memory, so that a cached result is served to a key without asking Postgres."""

import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from app.concurrency.circuit_breaker import CircuitBreaker
from app.concurrency.coalescing import TrailingCoalescer
from app.domain.access.caller import Caller
from app.errors import StoreUnavailable
from app.services.access.keys import PREFIX, KeyService

KEY_CHANNEL = "api_keys_changed"
# Keys, and as many secrets that open nothing.
_REMEMBERED = 10_000
_LONGEST_SECRET = 128


class Watch(Protocol):
    """How far this process can prove that it has heard of every change in the database."""

    @property
    def live(self) -> bool:
        """Whether the notification channel is alive, so that every change committed is heard of at once."""

    @property
    def recent(self) -> bool:
        """Whether it was alive within the last minutes."""


class VerifiedKeys:
    """Remembers who a secret belongs to until a notification says that a key changed.

    The rule is that of the collections' versions: what is remembered is trusted while the notification channel is
    alive. Without it each request asks Postgres. If nothing listens at its address, nothing can be changed there
    either, so a remembered key is good for as long as `watch` is `recent`.

    `note` receives the id of a key at each use.
    """

    def __init__(self, keys: KeyService, watch: Watch, note: Callable[[UUID], None] = lambda _: None) -> None:
        self._keys = keys
        self._note = note
        self._watch = watch
        self._remembered: OrderedDict[bytes, Caller | None] = OrderedDict()
        self._changes = 0
        self._asking: TrailingCoalescer[Caller | None] = TrailingCoalescer()
        self._breaker = CircuitBreaker(threshold=1, cooldown=1.0)
        self._outage: StoreUnavailable | None = None

    def known(self, secret: str) -> Caller | None:
        """Return the owner of a secret if that is proven without asking. None proves nothing."""
        if not self._watch.live:
            return None
        caller = self._remembered.get(_name(secret))
        return caller if caller is not None and self._noted(caller) else None

    async def verify(self, secret: str) -> Caller | None:
        """Return the owner of a secret; None if it opens nothing.

        Raises:
            StoreUnavailable: Postgres does not answer, and it might have changed the key.
        """
        if not secret.startswith(PREFIX) or len(secret) > _LONGEST_SECRET:
            return None
        name = _name(secret)
        if self._watch.live and name in self._remembered:
            caller = self._remembered[name]
            return caller if caller is not None and self._noted(caller) else None
        heard, changes = self._watch.live, self._changes
        try:
            caller, _ = await self._asking.run(name, lambda: self._ask(secret))
        except StoreUnavailable as error:
            caller = self._remembered.get(name)
            if caller is None or not error.nothing_listens or not self._watch.recent:
                raise
            return caller if self._noted(caller) else None
        if heard and changes == self._changes:
            self._remember(name, caller)
        return caller if caller is not None and self._noted(caller) else None

    def forget(self, key_id: str) -> None:
        """Trust no secret that led to this key, nor one that led nowhere; empty: nor any other."""
        self._changes += 1
        self._breaker.succeeded()  # the caller has heard from Postgres
        for name, caller in list(self._remembered.items()):
            if not key_id or caller is None or str(caller.key) == key_id:
                del self._remembered[name]

    async def _ask(self, secret: str) -> Caller | None:
        """Ask Postgres; if it was just silent, one question a second finds out and no other waits."""
        if not self._breaker.allows():
            assert self._outage is not None
            raise self._outage
        try:
            found = await self._keys.find(secret)
        except StoreUnavailable as error:
            self._outage = error
            self._breaker.failed()
            raise
        except BaseException:
            self._breaker.abandoned()
            raise
        self._breaker.succeeded()
        if found is None:
            return None
        return found.key.caller(math.inf if found.valid_until is None else found.valid_until.timestamp())

    def _noted(self, caller: Caller) -> bool:
        """Whether the caller's key has not expired; notes its use."""
        if time.time() >= caller.valid_until:
            return False
        if caller.key is not None:
            self._note(caller.key)
        return True

    def _remember(self, name: bytes, caller: Caller | None) -> None:
        self._remembered[name] = caller
        self._remembered.move_to_end(name)
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)


def _name(secret: str) -> bytes:
    """The name of a secret in memory, so that none is kept there."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()
