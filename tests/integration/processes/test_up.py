"""`localchat up`: one command that starts everything, keeps to itself, and leaves nothing behind."""

import asyncio
import os
import pwd
import queue
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import psutil
import pytest

from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.supervisor.probes import free_port
from tests.support.folders import REPO, short_folder

pytestmark = pytest.mark.timeout(180)

START_SECONDS = 90
STOP_SECONDS = 10
OURS = ("DATABASE_URL", "REDIS_URL", "OLLAMA_BASE_URL", "CACHE_SIGNING_KEYS", "DATA_DIR", "HOST", "PORT")
COMMAND = ("-P", "-m", "app.cli", "up")


@dataclass(frozen=True)
class OtherUser:
    """Someone else, with a Python that they can run."""

    uid: int
    gid: int
    python: str
    environment: Mapping[str, str]


class Instance:
    """A running `localchat up`."""

    def __init__(self, folder: Path, *, port: int | None = None, user: "OtherUser | None" = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process = subprocess.Popen(
            [
                user.python if user else sys.executable,
                *COMMAND,
                "--data-dir",
                str(folder),
                "--port",
                str(self.port),
            ],
            env={**_environment(), **(user.environment if user else {})},
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=() if user else None,
            cwd="/",
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.said: list[str] = []

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_for(self, words: str) -> None:
        while words not in (line := self._lines.get(timeout=START_SECONDS) or ""):
            assert line, f"ended without saying {words!r}: {self.said}"
            self.said.append(line)

    def family(self) -> list[psutil.Process]:
        return [psutil.Process(self.pid), *psutil.Process(self.pid).children(recursive=True)]

    def end(self, number: signal.Signals) -> int:
        self._process.send_signal(number)
        code = self._process.wait(STOP_SECONDS)
        if self._process.stderr:
            self._process.stderr.close()
        return code

    def status(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
            return int(response.status)

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._lines.put(line)
        self._lines.put(None)


@pytest.fixture(scope="module")
def folders() -> Iterator[Path]:
    """Open to the ordinary user of one of the tests."""
    with short_folder() as path:
        path.chmod(0o755)
        yield path


@pytest.fixture(scope="module")
def running(folders: Path) -> Iterator[Instance]:
    instance = Instance(folders / "one")
    try:
        instance.wait_for("LocalChat is ready at")
        yield instance
    finally:
        if psutil.pid_exists(instance.pid):
            instance.end(signal.SIGTERM)


def test_everything_is_up_and_the_data_folder_is_closed_to_others(running: Instance) -> None:
    assert running.status("/health/ready") == 200
    assert stat.S_IMODE(running.folder.stat().st_mode) == 0o700
    secret = running.folder / "secrets" / "cache_signing_key"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_text()) >= 32


def test_only_loopback_is_listened_on(running: Instance) -> None:
    listening = {
        connection.laddr.ip
        for process in running.family()
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_the_commands_of_the_api_page_work_as_they_stand(running: Instance, tmp_path: Path) -> None:
    page = (REPO / "docs" / "API.md").read_text()
    commands = "".join(re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL))
    for there, here in {":8000": f":{running.port}", "/tmp/": f"{tmp_path}/"}.items():
        commands = commands.replace(there, here)
    strictly = 'curl() { command curl --fail-with-body "$@"; }\n'
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", strictly + commands],
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.stdout.count("event: done") == 2  # of the upload and of the streamed answer
    assert done.stdout.count("leaves at 7:40") >= 3
    with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/metrics", timeout=10) as response:
        assert 'rag_ingest_documents_total{status="indexed"}' in response.read().decode()


def test_a_worker_that_dies_is_started_again(running: Instance) -> None:
    [worker] = [process for process in running.family() if process.cmdline()[-1] == "worker"]
    worker.kill()
    running.wait_for("the worker ended with code -9")
    new: list[psutil.Process] = []
    for _ in range(100):
        new = [item for item in running.family() if item.cmdline()[-1:] == ["worker"] and item.pid != worker.pid]
        if new:
            break
        time.sleep(0.1)
    assert len(new) == 1


def test_a_second_instance_on_the_same_folder_is_refused_in_one_line(running: Instance) -> None:
    _assert_refused(["--data-dir", str(running.folder), "--port", str(free_port())], "in use by another LocalChat")


def test_a_taken_port_is_refused_in_one_line(running: Instance, folders: Path) -> None:
    _assert_refused(["--data-dir", str(folders / "none"), "--port", str(running.port)], f":{running.port} is taken")


def test_a_wrong_setting_is_refused_in_one_line(folders: Path) -> None:
    _assert_refused(["--data-dir", str(folders / "none")], "BATCH_SIZE:", BATCH_SIZE="65")


def test_a_data_folder_that_is_a_file_is_refused_in_one_line(folders: Path) -> None:
    (folders / "file").touch()
    _assert_refused(["--data-dir", str(folders / "file"), "--port", str(free_port())], "is not a folder")


def test_a_data_folder_of_another_release_is_refused_in_one_line_that_says_what_to_do(folders: Path) -> None:
    folder = folders / "older"
    folder.mkdir()
    server = EmbeddedPostgres(folder / "postgres", durable=False)
    url = server.start()
    asyncio.run(_run(url, "CREATE TABLE alembic_version AS SELECT '0019'::varchar(32) AS version_num"))
    server.stop()
    options = ["--data-dir", str(folder), "--port", str(free_port())]
    _assert_refused(options, "at revision 0019, which", "`mv DATA_DIR/postgres ")


def test_a_second_instance_runs_beside_and_ctrl_c_leaves_nothing_of_it(running: Instance, folders: Path) -> None:
    folder = folders / f"two-{uuid4().hex[:8]}"  # another when the test is tried again
    folder.mkdir(mode=0o700)
    user = _ordinary_user()
    if user:
        os.chown(folder, user.uid, user.gid)
    second = Instance(folder, user=user)
    second.wait_for("LocalChat is ready at")
    assert (running.status("/health/ready"), second.status("/health/ready")) == (200, 200)
    family = second.family()
    if user:  # root starts PostgreSQL as another user
        assert {process.uids().effective for process in family} == {user.uid}
    assert second.end(signal.SIGINT) == 0
    assert _survivors(family, seconds=0) == []
    assert not _listens(second.port)
    assert running.status("/health/ready") == 200


def test_a_kill_leaves_nothing_and_the_next_start_has_the_data(running: Instance) -> None:
    database = EmbeddedPostgres(running.folder / "postgres").url()
    asyncio.run(_run(database, "CREATE TABLE kept AS SELECT 7 AS value"))
    family = running.family()
    running.end(signal.SIGKILL)
    assert _survivors(family, seconds=10) == []

    again = Instance(running.folder, port=running.port)
    again.wait_for("LocalChat is ready at")
    try:
        assert asyncio.run(_run(database, "SELECT value FROM kept")) == 7
        assert again.status("/health/ready") == 200
        family = again.family()
    finally:
        assert again.end(signal.SIGTERM) == 0
    assert _survivors(family, seconds=0) == []


def _assert_refused(options: list[str], *words: str, **environment: str) -> None:
    done = subprocess.run(
        [sys.executable, *COMMAND, *options],
        env={**_environment(), **environment},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("localchat: ")
    assert [each for each in words if each not in line] == []


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in OURS}


def _ordinary_user() -> OtherUser | None:
    """For root, a user without rights who can run this Python or the system's; None: go on as oneself."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "HOME": "/nonexistent"}
    for python in (sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"):
        user = OtherUser(nobody.pw_uid, nobody.pw_gid, python, environment if python != sys.executable else {})
        try:
            done = subprocess.run(
                [python, "-P", "-c", "import app.cli, app.lifespan, app.worker"],
                env={**_environment(), **user.environment},
                user=user.uid,
                group=user.gid,
                extra_groups=(),
                cwd="/",
                capture_output=True,
                check=False,
            )
        except OSError:
            continue
        if done.returncode == 0:
            return user
    return None


def _survivors(family: list[psutil.Process], *, seconds: float) -> list[psutil.Process]:
    deadline = time.monotonic() + seconds
    while (alive := [process for process in family if _alive(process)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    return alive


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def _run(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
