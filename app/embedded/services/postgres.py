"""An embedded PostgreSQL 18 with pgvector, on a Unix socket that only its user and root can open."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from app.embedded.services.system_user import ServerUser, postgres_install, server_user
from app.embedded.supervisor.guard import guarded
from app.embedded.supervisor.process import ChildProcess, StartFailed
from app.operating_system import SOCKET_PATH_BYTES, SYNC_METHOD, WORKING_FOLDER, shared_memory_bytes

DATABASE = "localchat"
SOCKET_NAME = ".s.PGSQL.5432"
_MIB = 1024 * 1024

_SETTINGS: Mapping[str, str] = {
    "cluster_name": "localchat",
    "listen_addresses": "",
    "unix_socket_directories": ".",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    # PostgreSQL takes the memory that it uses. Where graph and chunks do not fit, searches copy pages in again.
    "shared_buffers": "1GB",
    "maintenance_work_mem": "256MB",
    "work_mem": "16MB",
    "effective_cache_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
    "log_checkpoints": "off",
}
_DISPOSABLE: Mapping[str, str] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedPostgres:
    """A cluster in `folder`, made on the first start. It logs to `log`, else to `<folder>.log`.

    `durable=False` trades safety against power loss for speed: for tests alone.
    """

    def __init__(self, folder: Path, *, log: Path | None = None, durable: bool = True) -> None:
        self._folder = folder.absolute()
        self._log = log or self._folder.with_suffix(".log")
        self._durable = durable
        self._process: ChildProcess | None = None

    @property
    def process(self) -> ChildProcess:
        if self._process is None:
            raise RuntimeError("PostgreSQL was not started")
        return self._process

    def url(self, database: str = DATABASE) -> str:
        return f"postgresql://{DATABASE}@/{database}?host={quote(str(self._folder), safe='/')}"

    def launch(self) -> None:
        """Start the server without waiting for it, after clearing what a killed one left.

        Raises:
            StartFailed: it cannot be started, with the reason.
        """
        socket = self._folder / SOCKET_NAME
        if len(os.fsencode(socket)) > SOCKET_PATH_BYTES:
            raise StartFailed(
                f"DATA_DIR is too long a path: {socket} must fit a socket's {SOCKET_PATH_BYTES} bytes; "
                "choose a shorter DATA_DIR"
            )
        user = server_user()
        binaries = postgres_install(user) / "bin"
        if not (self._folder / "PG_VERSION").exists():
            self._create_cluster(binaries, user)
        _clear_leftovers(self._folder)
        self._write_access_rules(user)
        settings = _SETTINGS if self._durable else {**_SETTINGS, **_DISPOSABLE}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        if _shared_memory_is_small():
            options += ["-c", "max_parallel_maintenance_workers=0"]
        # The server works in its data folder and needs no permission on the folders above: DATA_DIR stays closed
        # to everyone but its owner even where PostgreSQL is another user.
        self._process = ChildProcess(
            "PostgreSQL",
            [binaries / "postgres", "-D", WORKING_FOLDER, *options],
            cwd=self._folder,
            env=_environment(),
            log=self._log,
            uid=user.uid if user.switch else None,
            gid=user.gid if user.switch else None,
            stop_signal=signal.SIGINT,  # fast shutdown
            death_signal=signal.SIGQUIT,  # immediate shutdown: the next start recovers from the log
        )
        self._process.start()

    def wait_ready(self, seconds: float = 60) -> None:
        """Raises `StartFailed` when it does not come up."""
        self.process.wait_until(self._accepts, seconds)

    def start(self) -> str:
        """Start, wait until it accepts connections, and return the database's URL."""
        self.launch()
        self.wait_ready()
        return self.url()

    def stop(self, seconds: float = 5) -> None:
        if self._process is None:
            return
        if not self._process.stop(seconds):
            _clear_leftovers(self._folder)

    def _accepts(self) -> bool:
        try:
            lines = (self._folder / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        status_line = 7  # LOCK_FILE_LINE_PM_STATUS of src/include/utils/pidfile.h, counted from 0
        return len(lines) > status_line and lines[0] == str(self.process.pid) and lines[7].strip() == "ready"

    def _create_cluster(self, binaries: Path, user: ServerUser) -> None:
        """Make the cluster beside its place and move it there whole, so that none is left half made."""
        new = self._folder.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700, parents=True)
        if user.switch:
            os.chown(new, user.uid, user.gid)
        initdb = [
            binaries / "initdb",
            "-D",
            WORKING_FOLDER,
            "--username",
            DATABASE,
            "--auth=peer",
            "--encoding=UTF8",
        ]
        initdb += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
        single = [binaries / "postgres", "--single", "-D", WORKING_FOLDER, "postgres"]
        initdb.append(f"--sync-method={SYNC_METHOD}" if self._durable else "--no-sync")
        if not self._durable:
            single[2:2] = ["-c", "fsync=off"]
        _run_in(new, user, initdb)
        _run_in(new, user, single, f"CREATE DATABASE {DATABASE}\n")
        if self._folder.exists():
            self._folder.rmdir()
        new.rename(self._folder)

    def _write_access_rules(self, user: ServerUser) -> None:
        rules = {
            "pg_hba.conf": "local all all peer map=localchat\n",
            "pg_ident.conf": "".join(f"localchat {name} {DATABASE}\n" for name in sorted({user.name, "root"})),
        }
        for name, text in rules.items():
            path = self._folder / name
            path.write_text(text)


def _run_in(folder: Path, user: ServerUser, command: list[Any], feed: str = "") -> None:
    done = subprocess.run(  # noqa: S603 - our own commands
        guarded(command, uid=user.uid if user.switch else None, gid=user.gid if user.switch else None),
        cwd=folder,
        env=_environment(),
        input=feed,
        capture_output=True,
        text=True,
        check=False,
    )
    errors = [line for line in done.stderr.splitlines() if "error:" in line or "ERROR" in line or "FATAL" in line]
    if done.returncode or errors:
        reason = (errors or done.stderr.strip().splitlines() or [f"code {done.returncode}"])[0]
        raise StartFailed(f"a PostgreSQL cluster cannot be made in {folder.parent}: {reason}")


def _environment() -> dict[str, str]:
    """PG* variables of the caller must not steer this server."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}


def _clear_leftovers(folder: Path) -> None:
    """End every server process that still works in `folder`, then drop its pid file.

    PostgreSQL takes any live process with the old number for a rival, so a number that was
    given to someone else since would keep it from starting for ever. Call with DATA_DIR locked.
    """
    leftovers = []
    for process in psutil.process_iter(["name"]):
        try:
            if process.info["name"] == "postgres" and process.cwd() == str(folder):
                process.send_signal(signal.SIGQUIT)
                leftovers.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    _, alive = psutil.wait_procs(leftovers, timeout=3)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=3)
    for name in ("postmaster.pid", SOCKET_NAME, f"{SOCKET_NAME}.lock"):
        (folder / name).unlink(missing_ok=True)


def _shared_memory_is_small() -> bool:
    """A container's 64 MB of /dev/shm cannot hold a parallel index build's memory."""
    free = shared_memory_bytes()
    return free is not None and free < 512 * _MIB
