"""Addresses of servers as people write them, checked before anything connects.

No error repeats an address, which may hold a password.
"""

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


def redis_url(address: str) -> str:
    """Return the address in the form that redis-py reads; Valkey's schemes mean the same as Redis'.

    Raises:
        ValueError: it cannot be one; the message says how one is written.
    """
    scheme, separator, rest = address.strip().partition("://")
    if not separator or scheme not in _REDIS:
        raise ValueError("an address such as redis://:password@host:6379/0, rediss://… with TLS, or unix:///path")
    _check(rest)
    database = rest.partition("?")[0].partition("/")[2].strip("/")
    if scheme != "unix" and database and not database.isdigit():
        raise ValueError("the path of its address is the number of a database, as in redis://host:6379/0")
    return f"{_REDIS[scheme]}://{rest}"


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
