"""Finds out who asks, by the credentials of a request."""

from typing import NamedTuple

from app.domain.access.caller import ANYBODY, Caller
from app.errors import Unauthorized
from app.services.access.verified_keys import VerifiedKeys


class Credentials(NamedTuple):
    """`key` is the header X-API-Key, and `bearer` the token of `Authorization: Bearer`; each None without it."""

    key: str | None = None
    bearer: str | None = None


class Authentication:
    """Asks for API keys, or for nothing. An X-API-Key counts before a bearer token, which may be a proxy's own.

    `keys`: None while no key is asked for.
    """

    def __init__(self, keys: VerifiedKeys | None = None) -> None:
        self._keys = keys

    def known(self, credentials: Credentials) -> Caller | None:
        """Return who asks, if that is proven without awaiting anything. None proves nothing."""
        if self._keys is None:
            return ANYBODY
        secret = credentials.key or credentials.bearer
        return self._keys.known(secret) if secret else None

    async def caller_of(self, credentials: Credentials) -> Caller:
        """Return who asks.

        Raises:
            Unauthorized: the credentials are missing or wrong.
            StoreUnavailable: they cannot be checked.
        """
        if self._keys is None:
            return ANYBODY
        secret = credentials.key or credentials.bearer
        caller = await self._keys.verify(secret) if secret else None
        if caller is None:
            raise Unauthorized("Send an API key as `Authorization: Bearer …` or `X-API-Key`.")
        return caller
