"""`localchat ingest`: upload files, follow them to their end, and list what was refused."""

import asyncio
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from app.cli.api_client import api_client, problem_of
from app.cli.failure import CommandFailed

_UPLOADS_AT_ONCE = 4
_POLLS_AT_ONCE = 8
_POLLED_PER_ROUND = 16  # documents end roughly in the order in which they were uploaded
_POLL_SECONDS = 1.0
_ATTEMPTS = 6
_BUSY = frozenset({429, 502, 503, 504})
_UNFINISHED = frozenset({"queued", "processing"})
_UNAUTHORIZED = frozenset({401, 403})


@dataclass(slots=True)
class Tally:
    """How the files ended. `broken` are failures that no property of the file explains."""

    ready: int = 0
    unchanged: int = 0
    chunks: int = 0
    refused: list[tuple[str, str]] = field(default_factory=list)
    broken: list[tuple[str, str]] = field(default_factory=list)

    @property
    def ended(self) -> int:
        return self.ready + len(self.refused) + len(self.broken)


async def ingest_paths(paths: Iterable[Path], *, collection: str, url: str, api_key: str | None) -> bool:
    """Returns whether every file became ready or was refused for a reason of its own.

    Raises:
        CommandFailed: there is no file, or the service does not answer.
    """
    files = list(_files(paths))
    if not files:
        raise CommandFailed("there is no file in what was given")
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with api_client(url, api_key) as client:
        with Progress(*columns, TextColumn("{task.fields[note]}"), console=console) as progress:
            tally = await _Ingestion(client, collection, progress, len(files)).run(files)
    _report(console, tally, len(files))
    return not tally.broken


@dataclass(frozen=True, slots=True)
class _File:
    """`name` is what the document is called: below a folder, its path from there."""

    path: Path
    name: str


def _files(paths: Iterable[Path]) -> Iterator[_File]:
    for path in paths:
        if not path.is_dir():
            yield _File(path, path.name)
            continue
        for folder, subfolders, names in os.walk(path):
            subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
            for name in sorted(names):
                if not name.startswith("."):
                    file = Path(folder) / name
                    yield _File(file, file.relative_to(path).as_posix())


class _Ingestion:
    """One run: uploads go ahead while the documents already there are followed."""

    def __init__(self, client: httpx.AsyncClient, collection: str, progress: Progress, total: int) -> None:
        self._client = client
        self._collection = collection
        self._progress = progress
        self._tally = Tally()
        self._pending: dict[str, str] = {}
        self._uploaded = progress.add_task("Uploaded", total=total, note="")
        self._ended = progress.add_task("Ready   ", total=total, note="")

    async def run(self, files: list[_File]) -> Tally:
        queue = iter(files)
        try:
            async with asyncio.TaskGroup() as group:
                uploads = [group.create_task(self._upload_all(queue)) for _ in range(_UPLOADS_AT_ONCE)]
                group.create_task(self._follow(uploads))
        except* (CommandFailed, httpx.TransportError) as failures:
            raise failures.exceptions[0] from None
        return self._tally

    async def _upload_all(self, queue: Iterator[_File]) -> None:
        for file in queue:
            await self._upload(file)
            self._progress.advance(self._uploaded)

    async def _upload(self, file: _File) -> None:
        path = file.path
        try:
            response = await self._post(file)
        except OSError as error:
            self._tally.refused.append((str(path), f"cannot be read here: {error.strerror}"))
            return
        if response.status_code in _UNAUTHORIZED:
            raise CommandFailed(f"{problem_of(response)}; pass --api-key")
        if response.is_server_error:
            self._tally.broken.append((str(path), problem_of(response)))
        elif response.is_error:
            self._tally.refused.append((str(path), problem_of(response)))
        else:
            for item in response.json()["items"]:
                if item["status"] == "unchanged":
                    self._tally.unchanged += 1
                self._pending[item["id"]] = str(path)
        self._show()

    async def _post(self, file: _File) -> httpx.Response:
        attempt = 0
        while True:
            with file.path.open("rb") as content:
                response = await self._client.post(
                    "/api/documents", files={"files": (file.name, content)}, data={"collection": self._collection}
                )
            attempt += 1
            if response.status_code not in _BUSY or attempt == _ATTEMPTS:
                return response
            await asyncio.sleep(float(response.headers.get("retry-after", 0)) or 0.5 * 2**attempt)

    async def _follow(self, uploads: list[asyncio.Task[None]]) -> None:
        limit = asyncio.Semaphore(_POLLS_AT_ONCE)
        while self._pending or not all(task.done() for task in uploads):
            oldest = list(self._pending.items())[:_POLLED_PER_ROUND]
            await asyncio.gather(*(self._look(limit, *item) for item in oldest))
            self._show()
            await asyncio.sleep(_POLL_SECONDS)

    async def _look(self, limit: asyncio.Semaphore, document_id: str, name: str) -> None:
        async with limit:
            response = await self._client.get(f"/api/documents/{document_id}")
        if response.status_code in _BUSY:
            return
        if response.is_error:
            self._tally.broken.append((name, problem_of(response)))
        else:
            document = response.json()
            if document["status"] in _UNFINISHED:
                return
            self._count(name, document)
        del self._pending[document_id]

    def _count(self, name: str, document: dict[str, Any]) -> None:
        self._tally.chunks += document["chunk_count"]
        match document["status"]:
            case "ready":
                self._tally.ready += 1
            case "failed":
                self._tally.refused.append((name, document["error"] or "no reason was given"))
            case status:
                self._tally.broken.append((name, f"{status}: {document['error'] or 'no reason was given'}"))

    def _show(self) -> None:
        failed = len(self._tally.refused) + len(self._tally.broken)
        note = f"{self._tally.ready} ready, {failed} refused"
        self._progress.update(self._ended, completed=self._tally.ended, note=note)


def _report(console: Console, tally: Tally, total: int) -> None:
    unchanged = f" ({tally.unchanged} were there already)" if tally.unchanged else ""
    console.print(
        f"{total} files: {tally.ready} ready{unchanged} in {tally.chunks} chunks, "
        f"{len(tally.refused)} refused, {len(tally.broken)} broken"
    )
    for title, rows in (("Refused", tally.refused), ("Broken", tally.broken)):
        if rows:
            table = Table(Column("File", overflow="fold"), "Reason", title=title, title_justify="left")
            for name, reason in rows:
                table.add_row(name, reason)
            console.print(table)
