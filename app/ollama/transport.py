"""From an address to an httpx client: TCP or Unix socket, credentials taken out of the address."""

import ssl
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import httpx

from app.domain.names import is_loopback

UNIX_SCHEME = "http+unix"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `read` is the longest silence: it covers loading the model, the queue and the prefill.

    `facts` is for what costs a model no work. After every `silence` the server is asked for its version, which
    takes less than `presence` however busy it is.
    """

    connect: float = 2.0
    read: float = 300.0
    facts: float = 5.0
    silence: float = 5.0
    presence: float = 3.0

    def for_httpx(self) -> httpx.Timeout:
        # No limit on waiting for a connection: permits bound the requests, not the connection pool.
        return httpx.Timeout(connect=self.connect, read=self.read, write=30.0, pool=None)


@dataclass(frozen=True, slots=True)
class Address:
    """A model server's address without its credentials; `name` is fit for logs and metrics."""

    name: str
    url: str
    auth: tuple[str, str] | None
    socket: str | None
    local: bool


def parse_address(url: str) -> Address:
    """Read `http://`, `https://` (with optional `user:password@`) or `http+unix:///path/to/socket`.

    Raises:
        ValueError: it is none of these. The message does not repeat the address, which can hold a password.
    """
    parts = urlsplit(url)
    if parts.scheme == UNIX_SCHEME and parts.path:
        path = unquote(parts.path)
        return Address(f"unix:{path}", "http://localhost", None, path, local=True)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("a model server's address is http://host, https://host or http+unix:///path")
    bare = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return Address(bare, bare, auth, None, local=is_loopback(parts.hostname))


def connect(
    address: Address, *, timeouts: Timeouts, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """Build the client of one endpoint. A local server is never asked through a proxy from the environment."""
    # Loading certificate authorities takes long, and plain HTTP needs none: it gets a context that trusts nobody.
    verify = True if address.url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if transport is None and address.socket is not None:
        transport = httpx.AsyncHTTPTransport(uds=address.socket, limits=_LIMITS, verify=verify, trust_env=False)
    return httpx.AsyncClient(
        base_url=address.url,
        auth=address.auth,
        timeout=timeouts.for_httpx(),
        limits=_LIMITS,
        transport=transport,
        verify=verify,
        trust_env=not address.local,
    )


_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=32)
