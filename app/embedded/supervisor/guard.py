"""Run a command that ends when its parent process ends, however the parent ends.

This file is also the small program that does it: it drops root, asks the kernel for the signal (prctl(2), which a
change of user would undo, so in this order), and becomes the command. A program of its own, because doing this
between fork and exec is not safe in a process that has threads. Where the kernel knows no such request, as macOS's
does not, a process that belongs to neither looks after both.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence

_KERNEL_HELPS = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1
_LOOKS_SECONDS = 0.2
_KERNEL = "kernel"
_WATCHER = "watcher"


def guarded(
    argv: Sequence[object],
    *,
    death_signal: signal.Signals = signal.SIGKILL,
    uid: int | None = None,
    gid: int | None = None,
    watched: bool = not _KERNEL_HELPS,
) -> list[str]:
    """The command line that runs `argv` guarded, as `uid` and `gid` when given.

    Start it from a thread that lives as long as the command should: the kernel takes the end of
    the starting *thread* for the parent's death. `watched` does without the kernel's help.
    """
    user = "" if uid is None else f"{uid}:{gid}"
    means = _WATCHER if watched else _KERNEL
    guard = [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(death_signal)), user, means]
    return [*guard, *(str(part) for part in argv)]


def end_with_parent(death_signal: signal.Signals) -> None:
    """Let this process get `death_signal` when its parent ends."""
    if _KERNEL_HELPS:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(death_signal))
        return
    parent, own = os.getppid(), os.getpid()
    ended = threading.Thread(
        target=_signal_at_the_end, args=(lambda: os.getppid() == parent, own, death_signal), daemon=True
    )
    ended.start()


def _signal_at_the_end(lives: Callable[[], bool], process: int, death_signal: signal.Signals) -> None:
    """Send the signal to a process once the other one does not live any more."""
    while lives():
        time.sleep(_LOOKS_SECONDS)
        if not _exists(process):
            return
    os.kill(process, death_signal)


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _watch(parent: int, death_signal: signal.Signals) -> None:
    """Leave a process behind that ends this one, whatever it becomes, when `parent` has ended and was waited for.

    It is forked twice, so that it is nobody's child: a server might wonder about a child that it did not start.
    """
    own = os.getpid()
    between = os.fork()
    if between:
        os.waitpid(between, 0)
        return
    if os.fork():
        os._exit(0)
    # A reader of the command's output waits until no process holds the other end.
    for descriptor in range(3):
        os.close(descriptor)
    _signal_at_the_end(lambda: _exists(parent), own, death_signal)
    os._exit(0)


def _main() -> None:
    parent, death_signal, user, means, *argv = sys.argv[1:]
    if user:
        uid, gid = map(int, user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if means == _WATCHER:
        _watch(int(parent), signal.Signals(int(death_signal)))
    else:
        end_with_parent(signal.Signals(int(death_signal)))
    if os.getppid() != int(parent):
        sys.exit(1)
    try:
        os.execv(argv[0], argv)  # noqa: S606 - that is what this program is for
    except OSError as error:
        sys.exit(f"FATAL: cannot run {argv[0]}: {error.strerror}")


if __name__ == "__main__":
    _main()
