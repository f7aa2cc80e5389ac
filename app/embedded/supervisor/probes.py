"""Questions that the supervisor asks over loopback: is this port free, does that service answer?"""

import contextlib
import errno
import http.client
import json
import socket

from app.embedded.supervisor.process import StartFailed

OLLAMA_PORT = 11434


def answers(host: str, port: int, path: str, *, token: str | None = None, seconds: float = 2) -> bool:
    """Whether `GET path`, with a bearer `token` when given, gives 200 within `seconds`."""
    return _get(host, port, path, seconds, token) is not None


def ollama_listens() -> bool:
    """Whether an Ollama answers at its usual address."""
    body = _get("127.0.0.1", OLLAMA_PORT, "/api/version", 0.5)
    try:
        return body is not None and "version" in json.loads(body)
    except (ValueError, TypeError):
        return False


def bracketed(host: str) -> str:
    """Return a host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def reachable_host(host: str) -> str:
    """Return the address at which this machine reaches a service that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - read, not bound


def require_free_port(host: str, port: int) -> None:
    """Raises `StartFailed` when nothing can listen on `host:port`."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        raise StartFailed(f"HOST: {host} is not an address of this machine") from None
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                reason = "is taken by another program; choose another PORT"
            elif error.errno == errno.EACCES:
                reason = "needs rights that this user does not have; choose a PORT above 1023"
            else:
                reason = f"cannot be listened on ({error.strerror})"
            raise StartFailed(f"PORT: {host}:{port} {reason}") from None


def free_port() -> int:
    """Return a loopback port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _get(host: str, port: int, path: str, seconds: float, token: str | None = None) -> bytes | None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with contextlib.closing(http.client.HTTPConnection(host, port, timeout=seconds)) as connection:
        try:
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException):
            return None
    return body if response.status == http.client.OK else None
