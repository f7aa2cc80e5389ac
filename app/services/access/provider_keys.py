"""The public keys of an OpenID provider: fetched, kept, and fetched again when a token names another one."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from app.errors import ProviderUnavailable

# Reads a JSON document; raises ProviderUnavailable.
Fetch = Callable[[str], Awaitable[Any]]

_MAX_AGE = 3600.0
_MIN_INTERVAL = 10.0
_KEPT = 86_400.0

_log = logging.getLogger(__name__)


class ProviderKeys:
    """Finds the provider's keys where its discovery document says (OpenID Connect Discovery 1.0 §4).

    They are read again after `max_age` seconds, so that a key that was withdrawn is refused, and for an unknown key
    id, but not more often than every `min_interval` seconds, whatever tokens come. While the provider is away, they
    are good for `kept` seconds.

    Args:
        fetch: reads a JSON document.
        issuer: the provider's name, which is also its address.
        on_change: called when other keys were read than before.
    """

    def __init__(
        self,
        fetch: Fetch,
        issuer: str,
        *,
        on_change: Callable[[], None] = lambda: None,
        max_age: float = _MAX_AGE,
        min_interval: float = _MIN_INTERVAL,
        kept: float = _KEPT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._issuer = issuer
        self._on_change = on_change
        self._max_age = max_age
        self._min_interval = min_interval
        self._kept = kept
        self._clock = clock
        self._keys: KeySet | None = None
        self._read_at = 0.0
        self._tried_at: float | None = None
        self._turn = asyncio.Lock()

    @property
    def current(self) -> bool:
        """Whether the keys were read within `max_age`."""
        return self._keys is not None and self._clock() < self._read_at + self._max_age

    async def get(self, key_id: str | None) -> KeySet:
        """Return the keys; they may lack this one all the same.

        Raises:
            ProviderUnavailable: they were never read, or too long ago.
        """
        if not self._serves(key_id):
            async with self._turn:
                if not self._serves(key_id) and self._may_try():
                    await self._read()
        if self._keys is None or self._clock() >= self._read_at + self._kept:
            raise ProviderUnavailable("The provider of tokens does not answer; try again shortly.")
        return self._keys

    def _serves(self, key_id: str | None) -> bool:
        assert self._keys is not None or not self.current
        return self.current and (key_id is None or any(key.kid == key_id for key in self._keys or ()))

    def _may_try(self) -> bool:
        return self._tried_at is None or self._clock() >= self._tried_at + self._min_interval

    async def _read(self) -> None:
        self._tried_at = self._clock()
        try:
            keys = KeySet.import_key_set(await self._fetch(await self._address()))
        except (ProviderUnavailable, JoseError, ValueError, TypeError, LookupError, AttributeError) as error:
            _log.warning("The keys of %s are not read: %r", self._issuer, error)
            return
        changed = self._keys is None or keys.as_dict(private=False) != self._keys.as_dict(private=False)
        self._keys, self._read_at = keys, self._clock()
        if changed:
            self._on_change()

    async def _address(self) -> str:
        found = await self._fetch(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if found["issuer"] != self._issuer:
            raise ProviderUnavailable("The provider's discovery document names another issuer.")
        return str(found["jwks_uri"])
