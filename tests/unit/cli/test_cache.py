"""What a person sees of `localchat cache`, against the service's own routes."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from typer.testing import CliRunner

from app.cli import app
from app.cli.shared import CommandFailed
from app.errors import CacheUnavailable, ModelUnavailable
from app.services.semantic.report import MatchingReporter
from tests.support.api import Fakes, serving
from tests.support.cache.observations import Observations, tally
from tests.support.fakes.cache import FakeCache
from tests.support.fakes.warming import FakeWarming


@dataclass
class Service:
    cache: FakeCache
    warming: FakeWarming
    matching: MatchingReporter
    observations: Observations
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
    cache, warming = FakeCache(), FakeWarming()
    observations = Observations(tally(0))
    matching = MatchingReporter("shadow", 0.01, observations)
    fakes = Fakes(cache=cache, warming=warming, matching=matching)
    server = uvicorn.Server(uvicorn.Config(serving(fakes), port=0, lifespan="off", log_level="warning", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Service(cache, warming, matching, observations, f"http://127.0.0.1:{port}")
    server.should_exit = True
    thread.join()


def test_matching_by_meaning_is_told_with_figures_and_examples(service: Service) -> None:
    assert "never served" in service.run("semantic", "--examples", "0")
    service.matching.mode = "serve"
    service.observations.seen = tally(s95=(100, 95, 5), s90=(50, 25, 25))
    service.observations.threshold = 0.95
    shown = service.run("semantic", "--collection", "books")
    assert "Budget: 1.00% of requests answered wrongly." in shown
    row = next(line for line in shown.splitlines() if line.startswith("books "))
    assert row.split()[:6] == ["books", "answer", "0.950", "10.0%", "5.0%", "1.6%-11.3%"]
    assert "+ 0.950 days off?  =  leave?" in shown
    assert "(not served, pipeline: the same)" in shown
    assert "books" not in service.run("semantic", "--collection", "films")


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


def test_questions_of_a_file_are_warmed_and_those_that_failed_are_named(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "questions.txt"
    file.write_text("one\n\n  two  \n")
    shown = service.run("warm", "--file", str(file), "-n", "retrieval")
    assert "2 questions in 0.5 s: 1 results were held, 1 computed, 0 failed." in shown
    assert [(each.text, each.namespace) for each in service.warming.warmed] == [
        ("one", "retrieval"),
        ("two", "retrieval"),
    ]
    file.write_text("one\nbroken [bold]\n")
    with pytest.raises(CommandFailed, match="not every question"):
        service.run("warm", "--file", str(file))


def test_the_most_used_questions_are_warmed(service: Service) -> None:
    assert "1 questions" in service.run("warm", "--limit", "5", "-c", "default")
    assert service.warming.questions.asked == [{"limit": 5, "collection": "default", "namespace": None}]


def test_a_file_without_questions_is_refused(service: Service, tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_text("\n \n")
    binary.write_bytes(b"\xff\xfe")
    for file, reason in ((empty, "no question"), (binary, "UTF-8"), (tmp_path / "absent", "No such file")):
        with pytest.raises(CommandFailed, match=reason):
            service.run("warm", "-f", str(file))
    assert "limits the most used" in service.run("warm", "-f", str(empty), "--limit", "3")
    assert service.warming.warmed == []


def test_warming_that_gives_up_says_why(service: Service) -> None:
    service.warming.error = ModelUnavailable("No model server answers.")
    with pytest.raises(CommandFailed, match="No model server answers"):
        service.run("warm")
    with pytest.raises(CommandFailed, match="namespace"):
        service.run("warm", "-n", "embedding")
