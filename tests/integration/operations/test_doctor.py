"""`localchat doctor` on real servers, and without any."""

from pathlib import Path

import pytest

from app.cli.doctor import examine
from app.settings import Settings


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


async def test_all_is_well_where_every_server_answers(
    database_url: str, valkey_url: str, model_server_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(
        database_url=database_url, redis_url=valkey_url, ollama_base_url=(model_server_url,), data_dir=tmp_path
    )
    assert await examine(settings)
    told = capsys.readouterr().out
    assert "fails" not in told
    for subject in ("PostgreSQL 18", "At revision", "pgvector 0.", "redis", "Has all-minilm."):
        assert subject in told


async def test_servers_that_are_named_and_missing_fail_and_their_passwords_are_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(
        database_url="postgresql://me:hushed@127.0.0.1:9/x",
        redis_url="redis://:hushed@127.0.0.1:9",
        ollama_base_url=("http://me:hushed@127.0.0.1:9/v1",),
        data_dir=tmp_path,
    )
    assert not await examine(settings)
    told = capsys.readouterr().out
    assert told.count("fails") == 2  # losing Redis costs speed only
    assert "hushed" not in told


async def test_no_password_is_shown_of_servers_that_answer_and_refuse(
    valkey_url: str, model_server_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    host = model_server_url.removeprefix("http://")
    settings = Settings(
        database_url=f"postgresql://me:hushed@{host}/x",
        redis_url=f"redis://me:hushed@{host}",
        ollama_base_url=(f"http://me:hushed@{host}/v1",),
        data_dir=tmp_path,
    )
    assert not await examine(settings)
    told = capsys.readouterr().out
    assert told.count("fails") == 2
    assert "hushed" not in told


async def test_embedded_servers_that_do_not_run_are_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.embedded.ollama_listens", lambda: False)
    monkeypatch.setattr("app.cli.embedded.OLLAMA_PORT", 9)
    assert await examine(Settings(data_dir=tmp_path))
    assert capsys.readouterr().out.count("`localchat up` starts the embedded one.") == 4


async def test_a_model_that_is_not_there_fails(
    database_url: str, model_server_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(
        database_url=database_url, ollama_base_url=(model_server_url,), data_dir=tmp_path, chat_model="gone"
    )
    assert not await examine(settings)
    assert "Without gone" in capsys.readouterr().out
