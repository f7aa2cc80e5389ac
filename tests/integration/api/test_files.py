"""Files in and out: stored in parts, sent in parts, and never whole in the memory of a process."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import psutil
import pytest

from tests.support.fake_ollama import FakeOllama
from tests.support.folders import short_folder
from tests.support.processes.replica import Replica, client, environment, serving

MIB = 1024 * 1024
# Four files of 95 MiB, below the limit of 100 MiB, may take this much memory more than an idle process.
ROOM = 64 * MIB


@pytest.fixture
async def api(database_url: str, valkey_url: str) -> AsyncIterator[tuple[Replica, httpx.AsyncClient]]:
    models = FakeOllama()
    with short_folder() as folder:
        async with models.running(), AsyncExitStack() as stack:
            env = environment(
                database=database_url,
                redis=valkey_url,
                models=models.url,
                folder=folder,
                MAX_UPLOADING_BYTES=str(400 * MIB),
            )
            replica = Replica(env, folder / "api.log", "--drain", "0")
            await serving(stack, [replica])
            async with client(replica.url, timeout=90) as http:
                yield replica, http


class Peak:
    """The most memory that a process has had since."""

    def __init__(self, replica: Replica) -> None:
        assert replica.process.pid is not None
        self._process = psutil.Process(replica.process.pid)
        self.idle = self.most = self._process.memory_info().rss
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> int:
        self._watching.cancel()
        return self.most - self.idle

    async def _watch(self) -> None:
        while True:
            self.most = max(self.most, self._process.memory_info().rss)
            await asyncio.sleep(0.02)


@pytest.mark.timeout(180)
async def test_files_go_in_and_out_at_once_in_little_memory(
    api: tuple[Replica, httpx.AsyncClient], tmp_path: Path
) -> None:
    replica, http = api
    files = [tmp_path / f"{number}.txt" for number in range(4)]
    for number, file in enumerate(files):
        file.write_bytes(bytes([number]) * (95 * MIB))

    async def upload(file: Path) -> str:
        with file.open("rb") as content:
            answer = await http.post("/api/documents", files={"files": (file.name, content)})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["items"][0]["id"])

    async def download(document_id: str) -> str:
        digest = hashlib.sha256()
        async with http.stream("GET", f"/api/documents/{document_id}/content") as answer:
            assert answer.headers["content-length"] == str(95 * MIB)
            async for piece in answer.aiter_bytes():
                digest.update(piece)
        return digest.hexdigest()

    await http.post("/api/documents", files={"files": ("warm.txt", b"warm")})
    peak = Peak(replica)
    ids = await asyncio.gather(*map(upload, files))
    assert await peak.stop() <= ROOM
    peak = Peak(replica)
    digests = await asyncio.gather(*map(download, ids))
    assert await peak.stop() <= ROOM
    assert digests == [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
