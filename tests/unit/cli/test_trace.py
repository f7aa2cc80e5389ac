"""`localchat trace`: one story from the logs of several processes, whichever of its ids is given."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.cli.shared import CommandFailed
from app.cli.trace import print_story, story

DOCUMENT = "01a20d92-a33e-71f9-a3c9-c26371c25d19"
UPLOAD, DELETION, OTHER = ("a" * 32, "b" * 32, "c" * 32)


def line(second: float, service: str, message: str, trace: str, request: str, **fields: object) -> str:
    ids = {"request_id": request, "trace_id": trace, "span_id": "d" * 16}
    stamp = f"2026-11-24T12:40:{second:06.3f}+00:00"
    head = {"timestamp": stamp, "level": "INFO", "service": service, "logger": "app", "message": message}
    return json.dumps({**head, **ids, **fields})


def request(second: float, method: str, path: str, trace: str, name: str, **fields: object) -> str:
    """An access line of a request that took 100 ms."""
    spent = {"method": method, "path": path, "status": 200, "duration_ms": 100.0}
    return line(second, "api", f"{method} {path} 200", trace, name, **spent, **fields)


LOGS = {
    "api.log": [
        line(1, "api", "Started", "e" * 32, "api-1"),
        request(2, "POST", "/api/documents", UPLOAD, "up-1", documents=[DOCUMENT]),
        request(3, "GET", f"/api/documents/{DOCUMENT}", OTHER, "poll-1"),
        request(9, "DELETE", f"/api/documents/{DOCUMENT}", DELETION, "del-1"),
        '{"timestamp": "2026-11-24T12:40:09',
    ],
    "api.log.1": [line(0.5, "api", "Before the log was cut", UPLOAD, "up-1")],
    "worker.log": [
        line(4, "worker", "Ingesting version 1", UPLOAD, "up-1", document=DOCUMENT),
        line(5, "worker", "Indexed \x1b[2J version 1", UPLOAD, "up-1", document=DOCUMENT),
        line(6, "worker", "Failed", UPLOAD, "up-1", level="ERROR", exception="Traceback\nValueError"),
    ],
    "postgres.log": [
        f"2026-11-24 12:40:04.500 UTC [7] localchat {UPLOAD} LOG:  duration: 31.4 ms",
        "2026-11-24 12:40:04.600 UTC [7]  LOG:  checkpoint",
    ],
    "valkey.log": ["ready", f"odd {UPLOAD}"],
}
UPLOADED = [
    "Before the log was cut",
    "POST /api/documents 200",
    "Ingesting version 1",
    "duration: 31.4 ms",
    "Indexed",
    "Failed",
    "odd",
]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    for name, lines in LOGS.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("up-1", UPLOADED),
        (UPLOAD, UPLOADED),
        ("del-1", ["DELETE"]),
        ("poll-1", ["GET"]),
        (DOCUMENT, [*UPLOADED[:-1], "DELETE", "odd"]),
        ("api-1", ["Started"]),
    ],
)
def test_a_story_is_told_in_order_from_all_logs(
    logs: Path, wanted: str, expected: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    print_story(wanted, [logs])
    shown = [text for text in capsys.readouterr().out.splitlines() if text.startswith("  ") and "Error" not in text]
    told = [text for text in shown if not text.strip().startswith("Traceback")]
    assert len(told) == len(expected)
    for text, part in zip(told, expected, strict=True):
        assert part in text


def test_the_head_names_every_trace_and_request_and_each_line_tells_the_time_since_the_first(
    logs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    print_story(DOCUMENT, [logs])
    shown = capsys.readouterr().out
    first, second, began, *rest = shown.splitlines()
    assert first == f"trace {UPLOAD}  request up-1"
    assert second == f"trace {DELETION}  request del-1"
    assert began == "2026-11-24 12:40:00.500 UTC"
    assert rest[0].split()[:3] == ["0.000", "aaaaaa", "api"]
    assert rest[1].split()[:3] == ["1.400", "aaaaaa", "api"]
    assert "took 100.0 ms" in rest[1]
    assert "\x1b" not in shown
    assert "Traceback" in shown
    assert "ValueError" in shown


def test_a_request_is_told_where_it_began() -> None:
    over = ("api", request(3, "POST", "/api/chat", UPLOAD, "ask-1"))
    inside = ("worker", line(2.95, "worker", "Working", UPLOAD, "ask-1"))
    assert [each.fields["message"] for each in story([inside, over], "ask-1")] == ["POST /api/chat 200", "Working"]


def test_an_id_that_no_log_knows_is_said_to_be_unknown(logs: Path) -> None:
    with pytest.raises(CommandFailed, match="nothing about gone among 13 lines"):
        print_story("gone", [logs])


def test_logs_made_for_a_person_are_said_to_be_of_no_use(tmp_path: Path) -> None:
    (tmp_path / "api.log").write_text("12:40:04 INFO    app: Started request_id=up-1\n")
    with pytest.raises(CommandFailed, match=r"nothing about up-2 among 1 lines .*LOG_FORMAT=json"):
        print_story("up-2", [tmp_path])


def test_logs_that_are_not_there_are_named_in_one_line(tmp_path: Path) -> None:
    missing = tmp_path / "logs"
    with pytest.raises(CommandFailed, match=f"^{missing} cannot be read [^\n]*$"):
        print_story("c0ffee", [missing])


def test_logs_may_come_through_a_pipe(logs: Path) -> None:
    ran = CliRunner().invoke(app, ["trace", "del-1", "-"], input=(logs / "api.log").read_text())
    assert ran.exit_code == 0, ran.output
    assert "DELETE" in ran.output
