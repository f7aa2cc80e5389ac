"""The service's documents, as `localchat ingest` needs them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from app.cli.api_client import api_client, problem_of
from app.cli.ingest.files import LocalFile
from app.cli.ingest.plan import SOURCE, RemoteDocument
from app.cli.shared import CommandFailed

BUSY = frozenset({429, 502, 503, 504})
_UNAUTHORIZED = frozenset({401, 403})
_NOT_FOUND = 404
_PAGE = 200


class Refused(Exception):
    """The service refuses a file; the message says why."""


class Broken(Exception):
    """A failure that is not the fault of the file."""


class ServiceUnavailable(Exception):
    """The service does not answer, or is busy; it may answer later."""


@dataclass(frozen=True, slots=True)
class Target:
    """The collection that documents go to, and the name of this machine in their sources."""

    url: str
    api_key: str | None
    collection: str
    origin: str

    @asynccontextmanager
    async def open(self, *, attempts: int = 6) -> "AsyncIterator[Documents]":
        """
        Raises:
            CommandFailed: the service does not answer.
        """
        async with api_client(self.url, self.api_key) as client:
            try:
                yield Documents(client, self.collection, attempts)
            except ServiceUnavailable as away:
                raise away.__cause__ or CommandFailed(str(away)) from None


@dataclass(slots=True)
class Documents:
    """One collection's documents. `attempts`: how often a busy service is asked.

    Every method raises:
        CommandFailed: the key is missing or not accepted, or there can be no such collection.
        Away: the service is busy or does not answer.
    """

    client: httpx.AsyncClient
    collection: str
    attempts: int

    async def all(self) -> list[RemoteDocument]:
        found: list[RemoteDocument] = []
        parameters: dict[str, Any] = {"collection": self.collection, "limit": _PAGE}
        while True:
            page = _looked(await self._ask("GET", "/api/documents", params=parameters))
            found += map(_document, page["items"])
            if page.get("next_cursor") is None:
                return found
            parameters["cursor"] = page["next_cursor"]

    async def one(self, document_id: str) -> RemoteDocument | None:
        """Return the document; None if it is gone."""
        response = await self._ask("GET", f"/api/documents/{document_id}")
        return None if response.status_code == _NOT_FOUND else _document(_looked(response))

    async def upload(self, file: LocalFile) -> RemoteDocument:
        """
        Raises:
            Refused, Broken, OSError.
        """
        form = {"collection": self.collection, "metadata": json.dumps({SOURCE: file.source})}
        answer = self._read(await self._ask("POST", "/api/documents", file=file, form=form))
        return _document(answer["items"][0])

    async def replace(self, document: RemoteDocument, file: LocalFile) -> RemoteDocument:
        """
        Raises:
            Refused, Broken, OSError.
        """
        form = {"metadata": json.dumps({**document.metadata, SOURCE: file.source})}
        response = await self._ask("PUT", f"/api/documents/{document.id}", file=file, form=form)
        return await self.upload(file) if response.status_code == _NOT_FOUND else _document(self._read(response))

    async def delete(self, document: RemoteDocument) -> None:
        response = await self._ask("DELETE", f"/api/documents/{document.id}")
        if response.status_code != _NOT_FOUND:
            self._read(response)

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, Any] | None = None,
        file: LocalFile | None = None,
        form: dict[str, str] | None = None,
    ) -> httpx.Response:
        attempt = 0
        while True:
            attempt += 1
            try:
                response = await self._send(method, path, params, file, form)
            except httpx.TransportError as error:
                raise ServiceUnavailable(
                    f"{self.client.base_url} does not answer ({type(error).__name__})"
                ) from error
            if response.status_code in _UNAUTHORIZED:
                raise CommandFailed(f"{problem_of(response)}; pass --api-key")
            if response.status_code not in BUSY:
                return response
            if attempt >= self.attempts:
                raise ServiceUnavailable(problem_of(response))
            await asyncio.sleep(float(response.headers.get("retry-after", 0)) or 0.5 * 2**attempt)

    async def _send(
        self,
        method: str,
        path: str,
        params: dict[str, Any] | None,
        file: LocalFile | None,
        form: dict[str, str] | None,
    ) -> httpx.Response:
        if file is None:
            return await self.client.request(method, path, params=params)
        with file.path.open("rb") as content:
            return await self.client.request(method, path, files={"files": (file.name, content)}, data=form)

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        if response.is_server_error:
            raise Broken(problem_of(response))
        if response.is_error:
            raise Refused(problem_of(response))
        return response.json() if response.content else {}


def _looked(response: httpx.Response) -> dict[str, Any]:
    """Return the body. A failure to look is not the fault of any file."""
    if response.is_server_error:
        raise ServiceUnavailable(problem_of(response))
    if response.is_error:
        raise CommandFailed(problem_of(response))
    found: dict[str, Any] = response.json()
    return found


def _warning(told: dict[str, Any]) -> str:
    return f"{told['where']}: {told['message']}" if told["where"] else str(told["message"])


def _document(item: dict[str, Any]) -> RemoteDocument:
    return RemoteDocument(
        id=item["id"],
        filename=item["filename"],
        sha256=item["sha256"],
        status=item["status"],
        chunk_count=item["chunk_count"],
        done_count=item["embedded_count"] + item["failed_count"],
        failed_count=item["failed_count"],
        error=item["error"],
        warnings=tuple(_warning(told) for told in item["warnings"]),
        metadata=item["metadata"],
    )
