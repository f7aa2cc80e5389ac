"""A child process that does one task at a time, within limits, and may be killed at any moment.

Each child has a pipe of its own, so what becomes of one cannot touch another's results. Results come in
parts: unpickling many small messages lets other threads run, one large message would hold them up.
"""

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from math import inf
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from time import monotonic
from typing import Any, Final

from app.errors import LocalChatError, UnreadableDocument
from app.operating_system import limit_memory, peak_resident_bytes

Task = Callable[..., Iterable[Any]]

# Threads of native libraries can use more processor time than passes on the clock.
_PROCESSOR_SHARE = 2
# A new child imports the task's module first, which takes long on a busy machine and is no file's fault.
_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one task may use. Time grows with the file; `memory_bytes` bounds a child's private memory.

    `seconds_of_part` bounds the time until each part that the task yields.
    """

    seconds: float = 120.0
    seconds_per_mib: float = 10.0
    seconds_of_part: float = inf
    memory_bytes: int = 2 * 1024**3
    tasks_per_child: int = 500
    retire_above_bytes: int = 512 * 1024**2

    def seconds_for(self, size: int) -> float:
        """Thousands of pages take longer than one, but a small file, of so many bytes, may not take long."""
        return self.seconds + self.seconds_per_mib * size / 1024**2


@dataclass(frozen=True, slots=True)
class _Finished:
    """The task ended. `peak_bytes` is the most memory that the child ever had resident."""

    error: LocalChatError | None
    cause: str | None
    peak_bytes: int


class TaskDone(Enum):
    DONE = "done"


DONE: Final = TaskDone.DONE


class ChildDied(Exception):
    """The child ended in the middle of a task, by a signal or a crash of native code."""


class TaskTimedOut(Exception):
    """The task took longer than `seconds`, and its child was killed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class TaskFailed(Exception):
    """The task raised what it should not. The message is the exception's type, never its text."""


class Worker:
    """The parent's side. Its methods block, so they are called in a thread."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        ours, theirs = Pipe()
        # Not multiprocessing: it would fork a process with threads, or import the parent's main module anew.
        self._process = subprocess.Popen(  # noqa: S603 - our own code
            [sys.executable, "-P", "-c", f"from {__name__} import serve; serve({theirs.fileno()})"],
            stdin=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        self._pipe = ours
        self._pipe.send((sys.path, limits))
        self._working = False
        self._allowed = self._left = 0.0
        self._done = 0
        self._peak_bytes = 0

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def spent(self) -> bool:
        """Whether a fresh child should take over."""
        return (
            self._process.poll() is not None
            or self._done >= self._limits.tasks_per_child
            or self._peak_bytes > self._limits.retire_above_bytes
        )

    @property
    def working(self) -> bool:
        """Whether a task was begun whose end was not received."""
        return self._working

    def begin(self, task: Task, size: int, *arguments: object) -> None:
        """Let the child run `task(content, *arguments)` once it was fed the `size` bytes of the content.

        Raises:
            ChildDied: see there. The worker is `spent`.
        """
        self._working = True
        self._allowed = self._left = self._limits.seconds_for(size)
        with self._fatal():
            self._pipe.send((task, size, arguments))

    def feed(self, piece: bytes) -> None:
        """Give the next bytes of the content, at least one. Raises what `begin` does."""
        with self._fatal():
            self._pipe.send_bytes(piece)

    def wait_until_fed(self) -> None:
        """
        Raises:
            TaskTimedOut, ChildDied: see there. The worker is `spent`.
        """
        with self._fatal():
            self._await(_START_SECONDS)
            self._pipe.recv()

    def receive(self) -> Any:
        """The next part that the task yields, or `DONE`. Only what is waited here counts as the task's time.

        Raises:
            LocalChatError: what the task raised on purpose.
            TaskTimedOut, ChildDied, TaskFailed: see there. After the first two the worker is `spent`.
        """
        began = monotonic()
        with self._fatal():
            self._await(min(self._left, self._limits.seconds_of_part))
            part = self._pipe.recv()
        self._left -= monotonic() - began
        if not isinstance(part, _Finished):
            return part
        self._working = False
        self._done += 1
        self._peak_bytes = part.peak_bytes
        if part.error is not None:
            raise part.error
        if part.cause is not None:
            raise TaskFailed(part.cause)
        return DONE

    def _await(self, seconds: float) -> None:
        if not self._pipe.poll(max(0.0, seconds)):
            self.kill()
            raise TaskTimedOut(seconds)

    @contextmanager
    def _fatal(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError) as error:
            self.kill()
            raise ChildDied(f"exit code {self._process.returncode}") from error

    def kill(self) -> None:
        """End the child at once. May be called from another thread while `run` waits."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self.kill()
        self._pipe.close()
        if self._process.stdin is not None:
            self._process.stdin.close()


def serve(descriptor: int) -> None:
    """The child's side, until its parent closes the pipe or dies."""
    pipe: Connection[Any, Any] = Connection(descriptor)
    sys.path[:], limits = pipe.recv()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    os.environ["OMP_THREAD_LIMIT"] = "1"
    threading.Thread(target=_die_with_parent, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    limit_memory(limits.memory_bytes)
    try:
        while True:
            task, size, arguments = pipe.recv()
            content = _receive(pipe, size)
            pipe.send(None)
            _allow_processor_time(limits.seconds_for(size) * _PROCESSOR_SHARE)
            pipe.send(_perform(pipe, task, content, arguments))
            del content
    except (EOFError, OSError):
        return


def _receive(pipe: Connection, size: int) -> bytes:
    pieces: list[bytes] = []
    while size > 0:
        pieces.append(pipe.recv_bytes())
        size -= len(pieces[-1])
    return b"".join(pieces)


def _perform(pipe: Connection, task: Task, content: bytes, arguments: tuple[object, ...]) -> _Finished:
    error: LocalChatError | None = None
    cause: str | None = None
    try:
        for part in task(content, *arguments):
            pipe.send(part)
    except LocalChatError as raised:
        error = raised
    except MemoryError:
        error = UnreadableDocument("Reading the file takes more memory than is allowed.")
    except RecursionError:
        error = UnreadableDocument("The file is nested too deeply.")
    except ConnectionError:
        raise
    except BaseException as raised:  # noqa: BLE001 - a panic of native code is no Exception
        cause = type(raised).__name__
    return _Finished(error, cause, peak_resident_bytes())


def _allow_processor_time(seconds: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _die_with_parent() -> None:
    """Nobody writes to standard input; it ends when the parent does."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)
