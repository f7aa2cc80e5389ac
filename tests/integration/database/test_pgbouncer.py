"""The API and the worker behind a real PgBouncer, in session and in transaction mode."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx
import pytest

from app.cli.database.migrate import run_migration
from app.db.database import Database
from app.errors import StoreUnavailable
from tests.support.fake_ollama import FakeOllama
from tests.support.folders import short_folder
from tests.support.processes.postgres import PrivatePostgres, pgbouncer, pgbouncer_binary
from tests.support.processes.replica import api_and_worker, environment, ingested, settled

pytestmark = [
    pytest.mark.skipif(pgbouncer_binary() is None, reason="PgBouncer is not installed (apt-get install pgbouncer)"),
    pytest.mark.timeout(180),
]

TEXT = "The ferry leaves at seven forty.\n\nThe harbour is closed on Sundays."


@dataclass(frozen=True)
class Service:
    http: httpx.AsyncClient
    folder: Path

    def errors(self) -> list[str]:
        """The lines of both logs that tell of an exception."""
        logs = [(self.folder / f"{name}.log").read_text() for name in ("api", "worker")]
        return [
            line for log in logs for line in log.splitlines() if "Traceback" in line or "PreparedStatement" in line
        ]


@pytest.fixture(params=["session", "transaction"])
async def service(request: pytest.FixtureRequest, valkey_url: str) -> AsyncIterator[Service]:
    mode: Literal["session", "transaction"] = request.param
    models = FakeOllama()
    with short_folder() as folder:
        folder.chmod(0o755)  # the pooler is another user
        postgres = PrivatePostgres(folder / "postgres")
        # Fewer sessions than connections in transaction mode, so that statements meet sessions of others.
        sessions = 3 if mode == "transaction" else 60
        try:
            await asyncio.to_thread(postgres.start)
            direct = postgres.server.url()
            with pgbouncer(postgres, folder / "pgbouncer", mode, sessions=sessions) as pooled:
                await run_migration(pooled if mode == "session" else direct, 10, cache_table="query_cache")
                listen = {} if mode == "session" else {"DATABASE_LISTEN_URL": direct}
                async with models.running():
                    env = environment(database=pooled, redis=valkey_url, models=models.url, folder=folder, **listen)
                    async with api_and_worker(env, folder) as http:
                        yield Service(http, folder)
        finally:
            await asyncio.to_thread(postgres.stop)


async def test_a_pooler_in_transaction_mode_that_no_setting_tells_of_is_named() -> None:
    with short_folder() as folder:
        folder.chmod(0o755)
        postgres = PrivatePostgres(folder / "postgres")
        try:
            await asyncio.to_thread(postgres.start)
            await run_migration(postgres.server.url(), 10, cache_table="query_cache")
            with pgbouncer(postgres, folder / "pgbouncer", "transaction", sessions=2) as pooled:
                database = await Database.connect(pooled, min_size=0, max_size=8)

                async def read(number: int) -> int:
                    async with database.connection() as connection:
                        found: int = await connection.fetchval(f"SELECT $1::int + {number}", 1)
                    return found

                results = await asyncio.gather(*map(read, range(40)), return_exceptions=True)
                await database.close()
        finally:
            await asyncio.to_thread(postgres.stop)
    refused = [result for result in results if isinstance(result, BaseException)]
    assert refused
    assert {type(error) for error in refused} == {StoreUnavailable}
    assert any("DATABASE_LISTEN_URL" in str(error) for error in refused)


async def test_everything_works_behind_a_pooler(service: Service) -> None:
    http = service.http
    documents = await asyncio.gather(*(ingested(http, f"{n}.txt", f"{TEXT} {n}".encode()) for n in range(6)))
    assert {document["status"] for document in documents} == {"ready"}

    async def search(number: int) -> httpx.Response:
        return await http.post("/api/search", json={"query": f"When does ferry {number % 20} leave?"})

    for _ in range(2):
        found = await asyncio.gather(*map(search, range(40)))
        assert {response.status_code for response in found} == {200}
        assert all(response.json()["results"] for response in found)
    filtered = {"query": "ferry", "filter": {"kind": "none"}}
    assert (await http.post("/api/search", json=filtered)).json()["results"] == []
    questions = [{"question": f"When does ferry {n} leave? word:3", "stream": False} for n in range(8)]
    answers = await asyncio.gather(*(http.post("/api/chat", json=question) for question in questions))
    assert {answer.status_code for answer in answers} == {200}

    first = documents[0]["id"]
    replaced = await http.put(f"/api/documents/{first}", files={"file": ("0.txt", b"Now at eight.")})
    assert replaced.status_code == 202, replaced.text
    assert (await settled(http, first))["version"] == 2
    assert (await http.delete(f"/api/documents/{documents[1]['id']}")).status_code == 204
    for path in ("/api/documents", "/api/collections", "/api/conversations", "/api/cache/stats", "/api/cache/top"):
        assert (await http.get(path)).status_code == 200, path
    assert (await http.get("/health/ready")).json()["status"] == "pass"
    deep = (await http.get("/health/deep")).json()
    assert deep["status"] != "fail", deep
    assert service.errors() == []
