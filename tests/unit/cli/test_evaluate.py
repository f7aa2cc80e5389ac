"""`localchat evaluate` against a service that answers as the API does."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.cli.shared import CommandFailed

INTERVAL = {"low": 0.5, "high": 0.9}
NONE = {"value": None, "count": 0, "of": 0, "interval": INTERVAL, "above_first": None}
FOUND = {"value": 0.75, "count": 3, "of": 4, "interval": INTERVAL, "above_first": None}
SHARES = ("found_first", "found", "right", "cited", "refused_rightly", "refused_wrongly")


def score(name: str, **shares: Any) -> dict[str, Any]:
    return {"name": name, "milliseconds": 12.4, **dict.fromkeys(SHARES, NONE), **shares}


def outcome(number: int, **given: Any) -> dict[str, Any]:
    return {
        "variant": "ten",
        "question": f"question {number}",
        "found": True,
        "right": None,
        "error": None,
    } | given


RESULTS: dict[str, Any] = {
    "id": "1",
    "done": 4,
    "total": 4,
    "error": None,
    "results": [
        score("as-it-is", found=FOUND),
        score("ten", found=FOUND | {"above_first": {"low": -0.1, "high": 0.25}}),
    ],
    "outcomes": [
        outcome(1, right=False),
        outcome(2, error="Busy"),
        outcome(3),
        *(outcome(n, found=False) for n in range(30)),
    ],
}


class Service(BaseHTTPRequestHandler):
    """Shows an evaluation as running first, then as it ended."""

    posted: list[dict[str, Any]]
    states: list[str]
    refusal: str | None = None

    def do_POST(self) -> None:
        self.posted.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        if self.refusal:
            self._send(422, {"detail": self.refusal})
        else:
            self._send(202, {"id": "1"})

    def do_GET(self) -> None:
        state = self.states.pop(0)
        self._send(200, RESULTS | {"state": state, "error": "Postgres is away" if state == "failed" else None})

    def _send(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, type[Service]]]:
    kind = type("Answering", (Service,), {"posted": [], "states": ["running", "done"]})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr("app.cli.evaluation._POLL", 0.0)
    monkeypatch.setenv("COLUMNS", "120")
    yield f"http://127.0.0.1:{server.server_address[1]}", kind
    server.shutdown()
    server.server_close()


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"question": "When?", "documents": ["a.md"]}\n\n{"question": "Who?", "answerable": false}\n')
    return file


def test_questions_are_asked_and_the_results_compared(service: tuple[str, type[Service]], questions: Path) -> None:
    url, kind = service
    ran = CliRunner().invoke(
        app, ["evaluate", str(questions), "--url", url, "-c", "docs", "--variant", 'ten={"top_k": 10}']
    )
    assert ran.exit_code == 0, ran.output
    assert kind.posted == [
        {
            "name": "questions.jsonl",
            "collection": "docs",
            "questions": [{"question": "When?", "documents": ["a.md"]}, {"question": "Who?", "answerable": False}],
            "variants": [{"name": "as-it-is"}, {"name": "ten", "settings": {"top_k": 10}}],
        }
    ]
    lines = ran.output.splitlines()
    (found,) = [line for line in lines if line.strip().startswith("found ")]
    assert "0.75 (0.50-0.90)" in found
    assert "-0.10..+0.25" in found
    assert not any("right" in line and "0." in line for line in lines)
    assert "ten: question 1: wrong answer" in lines
    assert "ten: question 2: Busy" in lines
    assert lines[-1] == "and 12 more"


def test_an_evaluation_that_fails_is_an_exit_code_of_one(
    service: tuple[str, type[Service]], questions: Path
) -> None:
    url, kind = service
    kind.states = ["failed"]
    ran = CliRunner().invoke(app, ["evaluate", str(questions), "--url", url])
    assert (ran.exit_code, "variants" in kind.posted[0]) == (1, False)
    assert "Postgres is away" in ran.output


@pytest.mark.parametrize(
    ("text", "reason"), [("", "holds no questions"), ("[1]\n", "line 1"), ("{}\n{\n", "line 2"), (None, "No such")]
)
def test_a_file_that_cannot_be_used_is_refused_with_its_line(tmp_path: Path, text: str | None, reason: str) -> None:
    file = tmp_path / "questions.jsonl"
    if text is not None:
        file.write_text(text)
    ran = CliRunner().invoke(app, ["evaluate", str(file), "--url", "http://127.0.0.1:1"])
    assert isinstance(ran.exception, CommandFailed)
    assert reason in str(ran.exception)


def test_what_the_service_refuses_is_said(service: tuple[str, type[Service]], questions: Path) -> None:
    url, kind = service
    kind.refusal = "There is no such collection."
    ran = CliRunner().invoke(app, ["evaluate", str(questions), "--url", url])
    assert isinstance(ran.exception, CommandFailed)
    assert str(ran.exception) == "There is no such collection."
    bad = CliRunner().invoke(app, ["evaluate", str(questions), "--url", url, "--variant", "ten=10 passages"])
    assert isinstance(bad.exception, CommandFailed)
    assert "--variant" in str(bad.exception)
