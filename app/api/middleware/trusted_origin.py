"""Which names the service goes by, and whose pages may change something. Plain ASGI.

A browser carries any page's request to any address, this machine's own included. So a page elsewhere could send a
form to a service on loopback, or give its own name that service's address (DNS rebinding) and then read and delete.
"""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address

from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import error_response
from app.errors import CrossOrigin, LocalChatError, UntrustedHost

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN = b"same-origin", b"none"
ANY = "*"


class OriginPolicy:
    """Decides about requests by `Host`, `Origin` and `Sec-Fetch-Site`, which no page can forge.

    Args:
        hosts: the names that are answered to, besides localhost and addresses, which nobody can point elsewhere;
            `.example.com` stands for all below it. None for any name.
        origins: whose pages may change something, such as `https://app.example.com`, besides the service's own.
    """

    def __init__(self, *, hosts: Sequence[str] | None, origins: Sequence[str]) -> None:
        self._hosts = None if hosts is None or ANY in hosts else tuple(host.lower() for host in hosts)
        self._origins = frozenset(origin.encode() for origin in origins)
        self._any_origin = ANY in origins
        self._trusts = lru_cache(maxsize=256)(self._is_trusted)

    def refusal(self, scope: Scope) -> LocalChatError | None:
        """Why a request is refused; None if it is not."""
        host = origin = site = None
        for name, value in scope["headers"]:
            if name == b"host":
                host = value
            elif name == b"origin":
                origin = value
            elif name == b"sec-fetch-site":
                site = value
        if self._hosts is not None and host is not None and not self._trusts(host):
            return UntrustedHost("The service does not go by this name. TRUSTED_HOSTS lists its names.")
        if scope["method"] in _SAFE or self._any_origin or self._is_own(host, origin, site):
            return None
        return CrossOrigin("A page of another origin asks for this. CORS_ALLOWED_ORIGINS lists those that may.")

    def _is_own(self, host: bytes | None, origin: bytes | None, site: bytes | None) -> bool:
        """Whether the service's own page sends it, or no page at all.

        A browser says the former by itself where it thinks the connection safe, otherwise the names are compared.
        """
        if site in _OWN or origin in self._origins:
            return True
        if origin is None:
            return site is None
        return site is None and origin.partition(b"://")[2] == host

    def _is_trusted(self, host: bytes) -> bool:
        assert self._hosts is not None
        name = _hostname(host.decode("latin-1"))
        if name == "localhost" or name.endswith(".localhost") or _is_address(name):
            return True
        return any(name == known or (known.startswith(".") and name.endswith(known)) for known in self._hosts)


class TrustedOriginMiddleware:
    """Refuses what the policy refuses."""

    def __init__(self, app: ASGIApp, *, policy: OriginPolicy) -> None:
        self.app = app
        self._policy = policy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._policy.refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self.app(scope, receive, send)
        else:
            await error_response(scope, refusal)(scope, receive, send)


def _hostname(host: str) -> str:
    """`Host` without its port, its brackets and the dot of the root."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().removesuffix(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
