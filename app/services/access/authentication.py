"""Finds out who asks, by the credentials of a request."""

from typing import NamedTuple, Protocol

from app.domain.access.caller import ANYBODY, Caller
from app.errors import Unauthorized
from app.services.access.keys import PREFIX


class Credentials(NamedTuple):
    """`key` is the header X-API-Key, and `bearer` the token of `Authorization: Bearer`; each None without it."""

    key: str | None = None
    bearer: str | None = None


class Verifier(Protocol):
    """Keys, or tokens."""

    def known(self, secret: str) -> Caller | None:
        """Return the owner if that is proven without awaiting anything. None proves nothing."""

    async def verify(self, secret: str) -> Caller | None:
        """Return the owner; None if it opens nothing."""


class Authentication:
    """Asks for API keys, for tokens of a provider, for either, or for nothing.

    An X-API-Key counts before a bearer token, which may be a proxy's own. `keys` and `tokens` are None where they
    are not taken.
    """

    def __init__(self, keys: Verifier | None = None, tokens: Verifier | None = None) -> None:
        self._keys = keys
        self._tokens = tokens
        self._open = keys is None and tokens is None

    def known(self, credentials: Credentials) -> Caller | None:
        """Return who asks, if that is proven without awaiting anything. None proves nothing."""
        if self._open:
            return ANYBODY
        verifier, secret = self._presented(credentials)
        return None if verifier is None else verifier.known(secret)

    async def caller_of(self, credentials: Credentials) -> Caller:
        """Return who asks.

        Raises:
            Unauthorized: the credentials are missing or wrong.
            StoreUnavailable, ProviderUnavailable: they cannot be checked.
        """
        if self._open:
            return ANYBODY
        verifier, secret = self._presented(credentials)
        caller = None if verifier is None else await verifier.verify(secret)
        if caller is None:
            kinds = [kind for kind, taken in (("an API key", self._keys), ("a token", self._tokens)) if taken]
            raise Unauthorized(f"Send {' or '.join(kinds)} as `Authorization: Bearer …`, or a key as `X-API-Key`.")
        return caller

    def _presented(self, credentials: Credentials) -> tuple[Verifier | None, str]:
        """The credential that counts, and who verifies it."""
        key, bearer = credentials
        if self._keys is not None and key:
            return self._keys, key
        if not bearer:
            return None, ""
        return (self._keys if self._tokens is None or bearer.startswith(PREFIX) else self._tokens), bearer
