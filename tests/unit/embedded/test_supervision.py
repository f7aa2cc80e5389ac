"""How the supervisor brings a dead service back, and when it gives up; what it asks of the data folder."""

import contextlib
import errno
import os
import shutil
import stat
from collections import namedtuple
from pathlib import Path

import pytest

from app.embedded.supervisor import supervisor
from app.embedded.supervisor.data_dir import held_data_dir, kept_secret, read_secret
from app.embedded.supervisor.process import ChildProcess, StartFailed
from app.embedded.supervisor.supervisor import Supervised

Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - the shape of shutil's own


class Dying:
    """A service whose process has always just ended."""

    def __init__(self) -> None:
        self.launches = 0
        self.process = ChildProcess("fragile", ["/bin/false"])

    def launch(self) -> None:
        self.launches += 1
        self.process.start()
        with contextlib.suppress(StartFailed):
            self.process.wait_ended(5)

    def wait_ready(self, seconds: float) -> None:
        raise NotImplementedError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(supervisor, "time", clock)
    return clock


def test_a_dead_service_is_started_again_after_growing_pauses_and_then_given_up(clock: Clock) -> None:
    service = Dying()
    supervised = Supervised(service)
    supervised.launch()
    said: list[str] = []
    for pause in (1, 2, 4, 8):
        launches = service.launches
        supervised.tend(said.append)
        assert said[-1].endswith(f"starting it again in {pause} s")
        clock.now += pause - 0.1
        supervised.tend(said.append)
        assert service.launches == launches
        clock.now += 0.2
        supervised.tend(said.append)
        assert service.launches == launches + 1
    with pytest.raises(StartFailed, match=r"the fragile ended with code 1.*keeps failing"):
        supervised.tend(said.append)


def test_a_death_after_a_healthy_minute_starts_the_count_anew(clock: Clock) -> None:
    supervised = Supervised(Dying())
    supervised.launch()
    said: list[str] = []
    for _ in range(10):
        clock.now += 61
        supervised.tend(said.append)
        assert said[-1].endswith("starting it again in 1 s")
        clock.now += 1
        supervised.tend(said.append)


def test_the_data_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with held_data_dir(folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_data_folder_is_held_by_one_at_a_time_and_free_again_afterwards(tmp_path: Path) -> None:
    refusal = pytest.raises(StartFailed, match=rf"in use by another LocalChat \(process {os.getpid()}\)")
    with held_data_dir(tmp_path), refusal, held_data_dir(tmp_path):
        pass
    with held_data_dir(tmp_path):
        pass


def test_a_data_folder_without_room_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**9, 10**9, 10**6))
    with pytest.raises(StartFailed, match=r"DATA_DIR .* has no space left"), held_data_dir(tmp_path):
        pass


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "cannot be read and written by this user"),
        (errno.EROFS, "cannot be read and written by this user"),
        (errno.ENAMETOOLONG, "cannot be a folder"),
        (errno.ENOSPC, "has no space left"),
        (errno.EDQUOT, "has no space left"),
        (errno.ENOTDIR, "is not a folder"),
    ],
)
def test_what_goes_wrong_in_the_data_folder_is_told_in_one_line(tmp_path: Path, number: int, words: str) -> None:
    with pytest.raises(StartFailed, match=f"DATA_DIR .* {words}") as failure, held_data_dir(tmp_path):
        raise OSError(number, os.strerror(number), str(tmp_path / "file"))
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("folder", ["/proc/nowhere", "/dev/null/below", f"/tmp/{'long' * 100}"])
def test_a_folder_that_cannot_be_made_is_told_in_one_line(folder: str) -> None:
    with pytest.raises(StartFailed, match=r"^DATA_DIR [^\n]*$"), held_data_dir(Path(folder)):
        pass


def test_the_secrets_of_another_users_folder_are_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> str:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(StartFailed, match=r"^DATA_DIR [^\n]* cannot be read [^\n]*$"):
        read_secret(tmp_path, "name")


def test_trouble_outside_the_data_folder_is_not_blamed_on_it(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), held_data_dir(tmp_path):
        raise PermissionError(errno.EACCES, "denied", "/elsewhere")


def test_a_secret_is_drawn_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    first = kept_secret(tmp_path, "key")
    assert kept_secret(tmp_path, "key") == first
    assert len(first) >= 32
    assert stat.S_IMODE((tmp_path / "secrets" / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
