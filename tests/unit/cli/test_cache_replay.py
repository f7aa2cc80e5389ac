"""What a person sees of `localchat cache replay`, against the service's own routes."""

import gzip
import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from typer.testing import CliRunner

from app.cli import app
from app.cli.cache.replay import questions_of
from app.cli.shared import CommandFailed
from tests.support.api import Fakes, serving

BUY = "How do I buy a railway ticket?"
PURCHASE = "How do I purchase a railway ticket?"


@pytest.fixture
def url() -> Iterator[str]:
    server = uvicorn.Server(
        uvicorn.Config(serving(Fakes()), port=0, lifespan="off", log_level="warning", ws="none")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


def run(*arguments: str) -> str:
    result = CliRunner(env={"COLUMNS": "160"}).invoke(app, ["cache", "replay", *arguments])
    if isinstance(result.exception, CommandFailed):
        raise result.exception
    return result.output


@pytest.mark.parametrize("answers", [[], ["--answers"]])
def test_a_log_is_replayed_and_summed_up(url: str, tmp_path: Path, answers: list[str]) -> None:
    log = tmp_path / "log.txt"
    log.write_text(f"{BUY}\n{PURCHASE}\n{BUY}\nHow do I sell a railway ticket?")
    shown = run(str(log), "--url", url, "--budget", "0.05", *answers)
    assert "4 questions: 1 (25.0%) asked before in the same words." in shown
    assert re.search(r"Of the other 3, \d", shown)
    assert re.search(r"5\.00% +never +0\.0% +0\.00% +0 of 0 +0\.0 s", shown)


def test_a_bad_log_or_budget_is_told(url: str, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    for content, told in (
        (b'{"text": "one?"}\n{"txt": "two?"}\n', "line 2: no question under text, query, question"),
        (b'{"text": "one?"}\n{"text": \n', "line 2: not JSON"),
        (b"\n \n", "holds no question"),
        (b'{"text": " "}', "holds no question"),
        (b"\xff\xfe", "is not UTF-8 text"),
    ):
        log.write_bytes(content)
        with pytest.raises(CommandFailed, match=told):
            questions_of(log)
    with pytest.raises(CommandFailed, match="cannot be read"):
        questions_of(tmp_path / "absent")
    log.write_bytes(b"why?")
    packed = tmp_path / "log.gz"
    packed.write_bytes(b"why?")
    with pytest.raises(CommandFailed, match="cannot be read"):
        questions_of(packed)
    with pytest.raises(CommandFailed, match="absent"):
        run(str(log), "--url", url, "--collection", "absent")
    assert "between 0 and 1" in run(str(log), "--url", url, "--budget", "5")


def test_a_log_may_be_json_lines_or_text_and_gzipped(tmp_path: Path) -> None:
    rows = [{"t": 1, "text": "one?"}, {"query": "two?"}, {"question": "one?"}]
    text = "\n".join(json.dumps(row) for row in rows) + "\n\nthree?\n"
    log = tmp_path / "log.jsonl.gz"
    log.write_bytes(gzip.compress(text.encode()))
    assert questions_of(log) == ["one?", "two?", "one?", "three?"]
