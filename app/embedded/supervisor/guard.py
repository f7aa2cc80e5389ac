"""Run a command that ends when its parent process ends, however the parent ends.

This file is also the small program that does it: it drops root, asks the kernel for the signal
(prctl(2), which a change of user would undo, so in this order), and becomes the command. A program
of its own, because doing this between fork and exec is not safe in a process that has threads.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1


def guarded(
    argv: Sequence[object],
    *,
    death_signal: signal.Signals = signal.SIGKILL,
    uid: int | None = None,
    gid: int | None = None,
) -> list[str]:
    """The command line that runs `argv` guarded, as `uid` and `gid` when given.

    Start it from a thread that lives as long as the command should: the kernel takes the end of
    the starting *thread* for the parent's death.
    """
    user = "" if uid is None else f"{uid}:{gid}"
    guard = [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(death_signal)), user]
    return [*guard, *(str(part) for part in argv)]


def end_with_parent(death_signal: signal.Signals) -> None:
    """Ask for `death_signal` when this process's parent ends. Linux only; elsewhere it does nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(death_signal))


def _main() -> None:
    parent, death_signal, user, *argv = sys.argv[1:]
    if user:
        uid, gid = map(int, user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    end_with_parent(signal.Signals(int(death_signal)))
    if os.getppid() != int(parent):
        sys.exit(1)
    try:
        os.execv(argv[0], argv)  # noqa: S606 - that is what this program is for
    except OSError as error:
        sys.exit(f"FATAL: cannot run {argv[0]}: {error.strerror}")


if __name__ == "__main__":
    _main()
