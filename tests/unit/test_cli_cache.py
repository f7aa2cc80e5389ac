"""What a person sees of `localchat cache`, against the service's own routes."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import uvicorn
from typer.testing import CliRunner

from app.cli import app
from app.cli.failure import CommandFailed
from app.errors import CacheUnavailable
from tests.support.api import Fakes, serving
from tests.support.cache_service import FakeCache


@dataclass
class Service:
    cache: FakeCache
    url: str

    def run(self, *arguments: str, answer: str | None = None) -> str:
        result = CliRunner(env={"COLUMNS": "200"}).invoke(
            app, ["cache", *arguments, "--url", self.url], input=answer
        )
        if isinstance(result.exception, CommandFailed):
            raise result.exception
        return result.output


@pytest.fixture
def service() -> Iterator[Service]:
    cache = FakeCache()
    server = uvicorn.Server(
        uvicorn.Config(serving(Fakes(cache=cache)), port=0, lifespan="off", log_level="warning", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Service(cache, f"http://127.0.0.1:{port}")
    server.should_exit = True
    thread.join()


def test_statistics_are_a_table_of_tiers_and_namespaces(service: Service) -> None:
    lines = [line.split() for line in service.run("stats").splitlines()]
    assert lines[0][:4] == ["tier", "namespace", "entries", "size"]
    assert lines[1][:8] == ["l1", "all", "1", "900", "B", "1", "0", "100.0%"]
    assert lines[2][:3] == ["answer", "1", "900"]
    assert lines[5][:3] == ["l3", "no", "answer"]
    assert "2.5 s of computing and 400 tokens" in service.run("stats")


def test_the_most_used_entries_are_listed(service: Service) -> None:
    shown = service.run("top", "--limit", "3", "-n", "answer")
    assert "How many days of leave are there?" in shown
    assert "0a0a0a0a0a0a" in shown
    assert service.cache.done == [("top", 3, "answer")]


def test_a_scope_is_cleared_without_asking_and_everything_only_when_confirmed(service: Service) -> None:
    assert "Removed 7 entries" in service.run("clear", "--tier", "l1", "-c", "default")
    assert "Removed" not in service.run("clear", answer="n\n")
    assert "Removed 7 entries" in service.run("clear", answer="y\n")
    assert "Removed 2 entries" in service.run("clear", "--expired")
    assert "goes alone" in service.run("clear", "--expired", "--tier", "l3")
    scopes = [dict(done[1]) for done in service.cache.done if done[0] == "clear"]
    nothing = {"tier": None, "collection": None, "namespace": None}
    assert scopes == [nothing | {"tier": "l1", "collection": "default"}, nothing]


def test_a_refusal_is_one_line(service: Service) -> None:
    service.cache.error = CacheUnavailable("Not cleared: l2, which did not answer; try again.")
    with pytest.raises(CommandFailed, match="Not cleared: l2"):
        service.run("clear", "--yes")
    with pytest.raises(CommandFailed, match="tier"):
        service.run("clear", "--tier", "l9")
