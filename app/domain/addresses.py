"""Addresses of servers as people write them, checked before anything connects.

No error repeats an address, which may hold a password.
"""

from dataclasses import dataclass
from typing import Final

_LARGEST_PORT: Final = 65_535

# Parameters of libpq's that asyncpg would send to the server as its settings, and which change nothing for us.
_LIBPQ_ONLY = frozenset(
    {
        "channel_binding",
        "connect_timeout",
        "fallback_application_name",
        "gssencmode",
        "keepalives",
        "keepalives_count",
        "keepalives_idle",
        "keepalives_interval",
        "tcp_user_timeout",
    }
)

_ESCAPES = "escape special characters of a password: %23 for #, %2F for /, %3F for ?, %40 for @, %25 for %"
_PORT = f"a port is a number from 1 to {_LARGEST_PORT}; {_ESCAPES}"
_REDIS_PORT = 6379
_SENTINEL_PORT = 26_379
_REDIS = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}


def postgres_url(address: str) -> str:
    """Return the address in the form that asyncpg reads.

    Raises:
        ValueError: it cannot be one; the message says how one is written.
    """
    scheme, separator, rest = address.strip().partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise ValueError("an address such as postgresql://user:password@host:5432/database")
    _check(rest)
    server, mark, query = rest.partition("?")
    kept = "&".join(pair for pair in query.split("&") if pair.partition("=")[0] not in _LIBPQ_ONLY)
    return f"postgresql://{server}{mark if kept else ''}{kept}"


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """Where Redis is, and how it is run.

    Attributes:
        kind: `server`; `cluster`, whose other servers any of `hosts` names; or `sentinel`: `hosts` are those of
            Sentinels, which name the primary of `service`.
        url: of the first host alone, as redis-py reads it: with the user, the password and all parameters.
        hosts: name and port of each.
        service: empty but for Sentinel.
    """

    kind: str
    url: str
    hosts: tuple[tuple[str, int], ...] = ()
    service: str = ""


def redis_url(address: str) -> str:
    """Return the address with Redis' scheme in place of Valkey's, which means the same.

    Raises:
        ValueError: it cannot be one; the message says how one is written.
    """
    scheme, separator, rest = address.strip().partition("://")
    base, _, _ = scheme.partition("+")
    if not separator or base not in _REDIS:
        raise ValueError("an address such as redis://:password@host:6379/0, rediss://… with TLS, or unix:///path")
    _check(rest)
    url = f"{_REDIS[base]}{scheme.removeprefix(base)}://{rest}"
    redis_address(url)
    return url


def redis_address(url: str) -> RedisAddress:
    """Read what `redis_url` returned.

    Raises:
        ValueError: it cannot be one; the message says how one is written.
    """
    scheme, _, rest = url.partition("://")
    base, _, kind = scheme.partition("+")
    if base == "unix" and not kind:
        return RedisAddress("server", url)
    if base == "unix" or kind not in {"", "cluster", "sentinel"}:
        raise ValueError("redis+cluster:// and redis+sentinel:// (rediss+… with TLS) are the addresses of several")
    location, mark, query = rest.partition("?")
    login, at, places = location.rpartition("@")
    names, _, path = places.partition("/")
    path = path.strip("/")
    service, _, database = path.partition("/") if kind == "sentinel" else ("", "", path)
    if kind == "sentinel" and not service:
        raise ValueError("its path names what Sentinel watches, as in redis+sentinel://host:26379/mymaster")
    if database and not database.isdigit():
        raise ValueError("the path of its address is the number of a database, as in redis://host:6379/0")
    if kind == "cluster" and database.strip("0"):
        raise ValueError("a cluster has database 0 alone")
    hosts = tuple(_host(name, _SENTINEL_PORT if kind == "sentinel" else _REDIS_PORT) for name in names.split(","))
    if not kind and len(hosts) > 1:
        raise ValueError("several hosts are those of redis+cluster://… or of redis+sentinel://…")
    first = f"{base}://{login}{at}{names.partition(',')[0]}/{database}{mark}{query}"
    return RedisAddress(kind or "server", first if kind else url, hosts, service)


def _host(place: str, default_port: int) -> tuple[str, int]:
    host, colon, port = place.rpartition(":")
    if not colon or place.endswith("]"):
        host, port = place, str(default_port)
    return host.strip("[]") or "localhost", int(port)


def _check(rest: str) -> None:
    """Check what follows the scheme: user, password, hosts and ports."""
    before_path, _, path = rest.partition("/")
    server, _, query = before_path.partition("?")
    if "#" in rest or "@" in path or "@" in query:
        raise ValueError(_ESCAPES)
    for host in server.rpartition("@")[2].split(","):
        name, _, port = host.rpartition("]:" if host.startswith("[") else ":")
        if host.startswith("["):
            if not host.endswith("]") and not _is_port(port):
                raise ValueError(_PORT)
        elif ":" in name:
            raise ValueError("an IPv6 address stands in brackets, as in [::1]:5432")
        elif ":" in host and not _is_port(port):
            raise ValueError(_PORT)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) <= _LARGEST_PORT
