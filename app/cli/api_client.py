"""The HTTP client of a running service, and the reasons in its refusals."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from app.cli.shared import CommandFailed

_TIMEOUT = httpx.Timeout(60, connect=5)


@asynccontextmanager
async def api_client(
    url: str, api_key: str | None, *, patience: httpx.Timeout = _TIMEOUT
) -> AsyncIterator[httpx.AsyncClient]:
    """Open a client of the service at `url`.

    Raises:
        CommandFailed: nothing answers there.
    """
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    try:
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=patience, trust_env=False) as client:
            yield client
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise CommandFailed(f"--url {url}: {error}") from None
    except httpx.ConnectError:
        raise CommandFailed(f"nothing listens at {url}; start it with `localchat up`, or pass --url") from None
    except httpx.TransportError as error:
        raise CommandFailed(f"the connection to {url} broke ({type(error).__name__})") from None


def problem_of(response: httpx.Response) -> str:
    """Return the reason in a response that refuses (RFC 9457), in one line."""
    try:
        problem = response.json()
        return str(problem.get("detail") or problem["title"])
    except (ValueError, KeyError, AttributeError):
        return f"HTTP {response.status_code}"
