"""What differs between operating systems, behind one name each: Linux's, and what stands in for it on macOS.

How a process ends with its parent is in `app.embedded.supervisor.guard`, which is also a program of its own.
"""

import contextlib
import ctypes
import os
import re
import resource
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

LINUX = sys.platform == "linux"

# Bytes of the path of a unix socket without its closing NUL: `sun_path` of unix(7), and of macOS's sys/un.h.
SOCKET_PATH_BYTES = 107 if LINUX else 103
# The folder that a process works in, by a name that on Linux needs no permission on the folders above it.
WORKING_FOLDER = "/proc/self/cwd" if LINUX else "."
# How `initdb` gets a new cluster onto the disk; syncfs(2) is Linux's.
SYNC_METHOD = "syncfs" if LINUX else "fsync"

# Nanoseconds on a processor, nanoseconds of waiting for one, and how often: Linux, scheduler/sched-stats.
_SCHEDULED = Path("/proc/thread-self/schedstat")
_STATUS = Path("/proc/self/status")
# Linux's `ru_maxrss` also counts the process that started this one: proc(5) has this one's own.
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)
_RUSAGE_UNIT = 1 if sys.platform == "darwin" else 1024  # getrusage(2) of each
_QOS_CLASS_UTILITY = 0x11  # sys/qos.h of macOS
_MEMORY_LOOKS_SECONDS = 0.05


def usable_cores() -> int:
    """Return the processors that this process may run on; all of the machine where the system does not tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def busy_seconds() -> float:
    """Return how long the calling thread has computed, or could have if it had had a processor.

    Where the system does not tell the latter, on a machine that others share, this is too little.
    """
    try:
        computing, waiting, _ = _SCHEDULED.read_text().split()
    except OSError:
        return time.thread_time()
    return (int(computing) + int(waiting)) / 1e9


def lower_thread_priority(niceness: int) -> None:
    """Let other threads go before the calling one.

    Linux has a niceness for each thread; macOS has classes, of which this is the one for long work.
    """
    if LINUX:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
    elif set_class := _c_function("pthread_set_qos_class_self_np"):
        set_class(_QOS_CLASS_UTILITY, 0)


def release_freed_memory() -> None:
    """Give back to the system what native code has freed and the C library keeps."""
    if trim := _c_function("malloc_trim"):  # glibc
        trim(0)
    elif relieve := _c_function("malloc_zone_pressure_relief"):  # macOS
        relieve(None, 0)


def shared_memory_bytes() -> int | None:
    """Return the free bytes of the file system that holds shared memory; None where it is in no file system."""
    if not LINUX:
        return None
    with contextlib.suppress(OSError):
        return shutil.disk_usage("/dev/shm").free  # noqa: S108 - asked for its size alone
    return 0


def peak_resident_bytes() -> int:
    """Return the most memory that this process ever had resident."""
    with contextlib.suppress(OSError):
        if found := _PEAK.search(_STATUS.read_text()):
            return int(found[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _RUSAGE_UNIT


def limit_memory(limit: int) -> None:
    """Keep this process's private memory below `limit` bytes.

    Linux refuses more, which is a MemoryError. macOS does not, so there the process ends once it had more resident.
    """
    if LINUX:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    else:
        end_above(limit)


def end_above(limit: int, *, peak: Callable[[], int] = peak_resident_bytes) -> None:
    """End this process, with its exit code 1, once it had more than `limit` bytes resident."""

    def watch() -> None:
        while peak() <= limit:
            time.sleep(_MEMORY_LOOKS_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="memory", daemon=True).start()


def _c_function(name: str) -> Callable[..., int] | None:
    return getattr(ctypes.CDLL(None), name, None)
