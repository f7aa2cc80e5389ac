"""What a person sees of `localchat ingest`, `ask` and the refusals of the command line."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import app, main
from app.cli.shared import CommandFailed

ENDINGS: dict[str, dict[str, Any]] = {
    "good.txt": {"status": "ready", "chunk_count": 3, "error": None},
    "deep:locked.pdf": {
        "status": "failed",
        "chunk_count": 0,
        "error": "It is encrypted; upload it without a password.",
    },
    "half.txt": {
        "status": "partial",
        "chunk_count": 2,
        "failed_count": 1,
        "error": "1 chunk has no embedding",
    },
    "scan.pdf": {
        "status": "partial",
        "chunk_count": 2,
        "error": "A part of the file was not read; see warnings.",
        "warnings": [
            {"kind": "page_without_text", "message": "The page holds no text.", "where": "page 2", "missing": True},
            {"kind": "encoding_guessed", "message": "A guess.", "where": None, "missing": False},
        ],
    },
}
ANSWER = [
    ("start", {"query_id": "1", "trace_id": "2", "model": "m", "cache": {}}),
    ("status", {"stage": "retrieve", "elapsed_ms": 1}),
    (
        "sources",
        [
            {"citation": 1, "filename": "a.pdf", "page": 7, "section": "Fees [net]", "quote": ""},
            {"citation": 2, "filename": "b.md", "page": None, "section": None, "quote": ""},
        ],
    ),
    ("delta", {"text": "Four "}),
    ("delta", {"text": "[1]."}),
    ("usage", {}),
    ("done", {"finish_reason": "stop", "citations_used": [1]}),
]


class StubApi(BaseHTTPRequestHandler):
    """Answers as the service does, from the tables above. The first upload of each file finds it busy."""

    events: list[tuple[str, Any]]
    busy: set[str]
    asked: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/api/chat":
            self.asked.append(json.loads(body))
            return self._send(200, "text/event-stream", "".join(_event(*item) for item in self.events).encode())
        name = body.split(b'filename="')[1].split(b'"')[0].decode()
        if name not in self.busy:
            self.busy.add(name)
            return self._json(503, {"detail": "Busy"}, retry_after="0.01")
        if name == "deep/tool.exe":
            return self._json(
                415, {"title": "Unsupported", "detail": "No text can be read from this kind of file."}
            )
        return self._json(202, {"items": [_document(name, status="queued", chunk_count=0, error=None)]})

    def do_GET(self) -> None:
        if "collection=wrong" in self.path:
            return self._json(422, {"title": "Invalid", "detail": "There can be no such collection."})
        if "collection=broken" in self.path:
            return self._json(500, {"title": "An internal error", "detail": "Its log has the rest."})
        if self.path.startswith("/api/documents?"):
            return self._json(200, {"items": [], "next_cursor": None})
        name = self.path.rsplit("/", 1)[1]
        return self._json(200, _document(name, **ENDINGS[name]))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        pass

    def _json(self, status: int, value: Any, *, retry_after: str | None = None) -> None:
        self._send(status, "application/json", json.dumps(value).encode(), retry_after)

    def _send(self, status: int, kind: str, body: bytes, retry_after: str | None = None) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        if retry_after:
            self.send_header("retry-after", retry_after)
        self.end_headers()
        self.wfile.write(body)


def _document(name: str, **fields: Any) -> dict[str, Any]:
    counts = {"embedded_count": 0, "failed_count": 0, "warnings": []}
    return {"id": name.replace("/", ":"), "filename": name, "sha256": "", "metadata": {}, **counts, **fields}


def _event(name: str, data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"


@pytest.fixture
def stub() -> type[StubApi]:
    return type("Handler", (StubApi,), {"events": list(ANSWER), "busy": set(), "asked": []})


@pytest.fixture
def url(stub: type[StubApi]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), stub) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("good.txt", "deep/locked.pdf", "deep/tool.exe", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_ingest_follows_every_file_below_a_folder_and_lists_the_refused_with_their_reasons(
    url: str, folder: Path
) -> None:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["ingest", str(folder), "--url", url])
    assert done.exit_code == 3
    assert "3 files: 1 ready in 3 chunks, 2 refused, 0 broken" in done.output
    assert "3 of 3 files" in done.output
    assert "ETA" in done.output
    assert "It is encrypted; upload it without a password." in done.output
    assert "No text can be read from this kind of file." in done.output


def test_ingest_fails_when_a_file_is_left_incomplete(url: str, tmp_path: Path) -> None:
    (tmp_path / "half.txt").write_text("x")
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["ingest", str(tmp_path), "--url", url])
    assert done.exit_code == 1
    assert "partial: 1 chunk has no embedding" in done.output


def test_ingest_lists_what_was_not_read_of_a_file_and_counts_it_as_ready(url: str, tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_text("x")
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["ingest", str(tmp_path), "--url", url])
    assert done.exit_code == 0
    assert "1 files: 1 ready in 2 chunks, 0 refused, 0 broken" in done.output
    assert "page 2: The page holds no text.; A guess." in done.output


def test_ingest_of_files_that_are_all_taken_ends_with_0(url: str, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("x")
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["ingest", str(tmp_path), "--url", url])
    assert done.exit_code == 0
    assert "1 files: 1 ready in 3 chunks, 0 refused, 0 broken" in done.output


@pytest.mark.parametrize(
    ("collection", "told"),
    [("wrong", "There can be no such collection."), ("broken", "Its log has the rest.")],
)
@pytest.mark.parametrize("options", [[], ["--dry-run"]])
def test_a_service_that_cannot_list_its_documents_ends_the_command(
    url: str, folder: Path, collection: str, told: str, options: list[str]
) -> None:
    done = CliRunner().invoke(app, ["ingest", str(folder), "--url", url, "-c", collection, *options])
    assert isinstance(done.exception, CommandFailed)
    assert str(done.exception) == told


def test_watching_a_file_is_refused(url: str, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("x")
    done = CliRunner().invoke(app, ["ingest", "--watch", str(tmp_path / "good.txt"), "--url", url])
    assert str(done.exception) == f"{tmp_path / 'good.txt'}: only folders can be watched"


def test_ingest_of_an_empty_folder_says_so(url: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["ingest", str(tmp_path), "--url", url])
    assert isinstance(done.exception, CommandFailed)
    assert str(done.exception) == "there is no file in what was given"


def test_ask_prints_the_answer_and_then_its_numbered_sources(url: str) -> None:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["ask", "How many?", "--url", url])
    assert done.exit_code == 0
    assert " ".join(done.output.split()) == "Four [1]. Sources [1] a.pdf, page 7, Fees [net] [2] b.md"


def test_ask_says_how_the_cache_is_to_be_used(url: str, stub: type[StubApi]) -> None:
    for arguments, cache in ((["--cache", "bypass"], "bypass"), ([], "use")):
        CliRunner().invoke(app, ["ask", "How many?", "--url", url, *arguments])
        assert stub.asked[-1]["cache"] == cache


def test_ask_tells_the_problem_that_ended_the_answer(url: str, stub: type[StubApi]) -> None:
    stub.events = [
        *ANSWER[:4],
        ("error", {"problem": {"title": "x", "detail": "The model left."}, "retryable": True}),
    ]
    done = CliRunner().invoke(app, ["ask", "How many?", "--url", url])
    assert str(done.exception) == "The model left."


def test_ask_notices_an_answer_that_broke_off(url: str, stub: type[StubApi]) -> None:
    stub.events = ANSWER[:5]
    done = CliRunner().invoke(app, ["ask", "How many?", "--url", url])
    assert str(done.exception) == "the answer broke off; ask again"


def test_a_service_that_is_not_there_is_told_in_one_line_with_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["localchat", "ask", "Anyone?", "--url", "http://127.0.0.1:9"])
    with pytest.raises(SystemExit) as ending:
        main()
    assert ending.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line == "localchat: nothing listens at http://127.0.0.1:9; start it with `localchat up`, or pass --url"


def test_serve_without_a_database_names_the_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    done = CliRunner().invoke(app, ["migrate"])
    assert str(done.exception).startswith("DATABASE_URL: not set")


@pytest.mark.parametrize(
    "command", ["up", "serve", "worker", "migrate", "ingest", "ask", "doctor", "maintain", "keys"]
)
def test_every_command_explains_itself(command: str) -> None:
    done = CliRunner().invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert len(done.output) > 200
