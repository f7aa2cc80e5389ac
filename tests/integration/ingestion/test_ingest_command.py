"""`localchat ingest` as a process, against the API and a worker as processes."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.fake_ollama import FakeOllama, unit_vector
from tests.support.folders import REPO
from tests.support.processes.replica import Replica, client, environment, worker
from tests.support.waiting import until


@dataclass
class Service:
    """`api` can be killed, and started again on its port."""

    env: Mapping[str, str]
    folder: Path
    api: Replica
    http: httpx.AsyncClient

    async def start_again(self) -> None:
        self.api = Replica(self.env, self.folder / "api-2.log", "--drain", "0", port=self.api.port)
        self.api.start()
        await self.api.ready()

    async def documents(self, collection: str = "default") -> dict[str, dict[str, Any]]:
        answer = await self.http.get("/api/documents", params={"collection": collection, "limit": 200})
        return {item["filename"]: item for item in answer.json()["items"]}


@pytest.fixture
async def service(tmp_path: Path, database_url: str, valkey_url: str) -> AsyncIterator[Service]:
    async with FakeOllama(vector=unit_vector, slots=8, seconds=0.001).running() as models:
        env = environment(database=database_url, redis=valkey_url, models=models.url, folder=tmp_path)
        api, ingester = Replica(env, tmp_path / "api.log", "--drain", "0"), worker(env, tmp_path / "worker.log")
        api.start()
        ingester.start()
        running = Service(env, tmp_path, api, client(api.url))
        try:
            await api.ready()
            async with running.http:
                yield running
        finally:
            running.api.terminate()
            await asyncio.to_thread(ingester.stop, 10)
            await asyncio.to_thread(running.api.process.stop, 10)


@dataclass
class Command:
    """`lines` are what it has printed so far."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    async def read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            self.lines.append(line.decode().rstrip())

    async def says(self, words: str, times: int = 1) -> None:
        """Wait for so many lines that hold the words."""
        try:
            await until(lambda: sum(words in line for line in self.lines) >= times)
        except TimeoutError:
            raise AssertionError("\n".join([f"never said {words!r}:", *self.lines])) from None


@asynccontextmanager
async def ingest(service: Service, *arguments: str) -> AsyncIterator[Command]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.cli", "ingest", *arguments, "--url", service.api.url, "--origin", "here"),
        cwd=REPO,
        env={**service.env, "COLUMNS": "300"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    command = Command(process)
    reading = asyncio.create_task(command.read())
    try:
        yield command
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


async def ended(service: Service, *arguments: str) -> tuple[int, str]:
    async with ingest(service, *arguments) as command, asyncio.timeout(60):
        code = await command.process.wait()
    return code, "\n".join(command.lines)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "deep").mkdir(parents=True)
    (folder / "tides.md").write_text("# Tides\n\nThe tide turns at six.")
    (folder / "deep" / "quay.md").write_text("# Quay\n\nThe quay is made of granite.")
    (folder / "deep" / "tool.bin").write_bytes(bytes(range(256)) * 20)
    return folder


async def test_a_watched_folder_is_followed_through_changes_and_the_death_of_the_api(
    service: Service, docs: Path
) -> None:
    await service.http.post("/api/documents", files={"files": ("by hand.md", b"Uploaded by hand.")})
    async with ingest(service, "--watch", str(docs)) as command:
        await command.says("ready", 2)
        await command.says("tool.bin: ")
        assert (await service.documents()).keys() == {"by hand.md", "tides.md", "deep/quay.md", "deep/tool.bin"}
        first = (await service.documents())["tides.md"]

        (docs / "tides.md").write_text("# Tides\n\nThe tide turns at seven.")
        await command.says("ready", 3)
        (docs / "deep" / "quay.md").rename(docs / "mole.md")
        await command.says("ready", 4)
        (docs / ".secret.md").write_text("Nothing of this may go anywhere.")
        found = await service.documents()
        assert (found["tides.md"]["id"], found["tides.md"]["version"]) == (first["id"], 2)
        assert "deep/quay.md" not in found

        service.api.kill()
        (docs / "buoy.md").write_text("A buoy marks the wreck.")
        (docs / "mole.md").unlink()
        await command.says("waiting: ")
        await service.start_again()
        await command.says("going on")
        await command.says("ready", 5)
        await command.says("removed", 1)
        assert (await service.documents()).keys() == {"by hand.md", "tides.md", "buoy.md", "deep/tool.bin"}

        command.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(60):
            assert await command.process.wait() == 3  # for the file that was refused
    assert "3 files: 2 ready in 2 chunks, 1 refused, 0 broken; 1 removed" in "\n".join(command.lines)
    assert not any("Traceback" in line for line in command.lines)


def move(folder: Path, to: Path) -> None:
    folder.rename(to)


async def test_a_watch_deletes_nothing_while_its_folder_is_away_or_found_empty(
    service: Service, docs: Path
) -> None:
    async with ingest(service, "--watch", str(docs)) as command:
        await command.says("ready", 2)
        move(docs, docs.with_name("elsewhere"))
        await command.says("nothing is done until it is back")
        move(docs.with_name("elsewhere"), docs)
        await command.says("going on")
        command.process.terminate()
    move(docs, docs.with_name("unmounted"))
    (docs / "deep").mkdir(parents=True)
    async with ingest(service, "--watch", str(docs)) as command:
        await command.says("nothing is deleted until there is one")
        (docs / "first.md").write_text("The first of a new beginning.")
        await command.says("removed", 3)
        await command.says("ready")
        command.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            assert await command.process.wait() == 0
    assert (await service.documents()).keys() == {"first.md"}


async def test_ingesting_again_replaces_what_changed_as_a_dry_run_foretold_without_sending_anything(
    service: Service, docs: Path
) -> None:
    code, told = await ended(service, str(docs / "tides.md"))
    assert (code, "1 files: 1 ready in 1 chunks, 0 refused, 0 broken" in told) == (0, True)
    before = await service.documents()
    (docs / "tides.md").write_text("# Tides\n\nNo tide turns any more.")

    code, told = await ended(service, str(docs), "--dry-run")
    assert code == 3, told
    rows = {line.split("│")[2].strip().removeprefix(f"{docs}/"): line for line in told.splitlines() if "│" in line}
    assert "replace" in rows["tides.md"]
    assert "upload" in rows["deep/quay.md"]
    assert "refuse" in rows["deep/tool.bin"]
    assert "1 upload, 1 replace, 0 unchanged, 0 delete, 1 refuse" in told
    assert await service.documents() == before

    code, told = await ended(service, str(docs))
    assert (code, "3 files: 2 ready in 2 chunks, 1 refused, 0 broken" in told) == (3, True)
    after = await service.documents()
    assert after["tides.md"]["version"] == 2

    (docs / "deep" / "tool.bin").unlink()
    (docs / "tides.md").unlink()
    code, told = await ended(service, str(docs), "--dry-run", "--watch")
    assert (code, "0 upload, 0 replace, 1 unchanged, 2 delete, 0 refuse" in told) == (0, True)
    code, told = await ended(service, str(docs))
    assert (code, "1 files: 1 ready (1 were there already) in 1 chunks" in told) == (0, True)
    assert await service.documents() == after  # only a watch deletes
