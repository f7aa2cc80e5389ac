"""Child processes that cannot outlive the process that started them."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from app.embedded.supervisor.guard import guarded

_POLL_SECONDS = 0.05
_LOG_BYTES = 16 * 1024 * 1024
_TAIL_BYTES = 65_536
_LINE_CHARS = 300


class StartFailed(Exception):
    """A service that cannot be started. The message is one line that says what to do about it."""


class ChildProcess:
    """One child in a session of its own, so that a terminal's Ctrl-C reaches the parent alone.

    A `held` child loads its code, then waits for a line on its standard input before it serves. `release` sends the
    line.

    Start it from a thread that lives as long as the child should (see `guard`).
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        uid: int | None = None,
        gid: int | None = None,
        held: bool = False,
        stop_signal: signal.Signals = signal.SIGTERM,
        death_signal: signal.Signals = signal.SIGKILL,
    ) -> None:
        self.name = name
        self.log = log
        self._argv = guarded(argv, death_signal=death_signal, uid=uid, gid=gid)
        self._cwd = cwd
        self._env = env
        self._stop_signal = stop_signal
        self._stop_requested = False
        self._held = held
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """None before the start and while it runs. A negative code is the signal that ended it."""
        return self._process.poll() if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self._stop_requested = False
        with contextlib.ExitStack() as stack:
            output: IO[bytes] | None = None
            if self.log is not None:
                output = stack.enter_context(self.log.open("ab"))
            self._process = subprocess.Popen(  # noqa: S603 - our own commands
                self._argv,
                stdin=subprocess.PIPE if self._held else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self._cwd,
                env=dict(self._env) if self._env is not None else None,
                start_new_session=True,
            )

    def release(self) -> None:
        """Let a held child begin."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError), self._process.stdin as pipe:
                pipe.write(b"\n")

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return when `ready()` is true.

        Raises:
            StartFailed: the process ended first, or `seconds` went by.
        """
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.running:
                raise StartFailed(f"{self.name} ended at start with code {self.exit_code}{self.last_words()}")
            if time.monotonic() > deadline:
                self.stop(0)
                raise StartFailed(f"{self.name} was not ready after {seconds:g} s{self.last_words()}")
            time.sleep(_POLL_SECONDS)

    def wait_ended(self, seconds: float) -> None:
        """Return when it has ended well.

        Raises:
            StartFailed: it ended with an error, or not within `seconds`.
        """
        try:
            code = self._process.wait(seconds) if self._process else 0
        except subprocess.TimeoutExpired:
            self.stop(0)
            raise StartFailed(f"{self.name} did not end within {seconds:g} s{self.last_words()}") from None
        if code:
            raise StartFailed(f"{self.name} ended with code {code}{self.last_words()}")

    def request_stop(self) -> None:
        if self._process is not None and self.running and not self._stop_requested:
            self._stop_requested = True
            self._process.send_signal(self._stop_signal)

    def stop(self, seconds: float) -> bool:
        """Stop it, by force after `seconds`, with everything left in its session's group.

        Returns whether it ended by itself.
        """
        if self._process is None:
            return True
        self.request_stop()
        graceful = True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            graceful = False
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        return graceful

    def trim_log(self) -> None:
        """Move a log that has grown large to `<name>.log.1`. The child appends, so it goes on writing."""
        if self.log is not None and self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
            os.truncate(self.log, 0)

    def last_words(self) -> str:
        """Return the recent log line that explains best, in parentheses, with the path of the log.

        Our own commands end their log with the reason, so it takes precedence over older errors.
        """
        if self.log is None or not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(-min(self.log.stat().st_size, _TAIL_BYTES), os.SEEK_END)
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
        reason = [line for line in lines[-1:] if line.startswith("localchat: ")]
        telling = reason or [line for line in lines if "FATAL" in line or "rror" in line]
        last = (telling or lines)[-1:]
        return f" ({_gist(last[0])[:_LINE_CHARS]}; more in {self.log})" if last else f" (see {self.log})"


def _gist(line: str) -> str:
    """The message of a structured log line, with the exception's own last line; any other line as it is."""
    try:
        record = json.loads(line)
        exception = str(record.get("exception") or "").strip().splitlines()
        return ": ".join([str(record["message"]), *exception[-1:]])
    except (ValueError, KeyError, AttributeError):
        return line.strip()
