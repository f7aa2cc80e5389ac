"""What stands in for what only Linux has. The stand-ins are run here too, as far as Linux can."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from app import operating_system
from app.embedded.supervisor.guard import guarded
from tests.support.folders import REPO
from tests.support.waiting import until


def test_a_thread_that_waits_for_a_processor_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = tmp_path / "schedstat"
    told.write_text("1500000000 500000000 7\n")
    monkeypatch.setattr(operating_system, "_SCHEDULED", told)
    assert operating_system.busy_seconds() == 2.0
    told.unlink()
    assert 0 < operating_system.busy_seconds() <= time.thread_time()


def test_every_processor_is_counted_where_the_system_tells_no_share(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 1 <= operating_system.usable_cores() <= (os.cpu_count() or 1)
    monkeypatch.delattr(os, "sched_getaffinity")
    assert operating_system.usable_cores() == os.cpu_count()


@pytest.mark.parametrize("status", [Path("/proc/self/status"), Path("/nowhere")], ids=["of Linux", "of others"])
def test_the_peak_of_memory_is_in_bytes(status: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operating_system, "_STATUS", status)
    resident = psutil.Process().memory_info().rss
    assert resident * 0.9 <= operating_system.peak_resident_bytes() < 100 * resident


def test_a_thread_can_be_made_to_give_way_and_others_are_not() -> None:
    seen: list[int] = []

    def give_way() -> None:
        operating_system.lower_thread_priority(5)
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    before = os.getpriority(os.PRIO_PROCESS, 0)
    thread = threading.Thread(target=give_way)
    thread.start()
    thread.join()
    assert seen == [5]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_what_another_system_lacks_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operating_system, "LINUX", False)
    operating_system.lower_thread_priority(5)
    operating_system.release_freed_memory()
    assert operating_system.shared_memory_bytes() is None


@pytest.mark.parametrize("limit", ["limit_memory", "end_above"])
def test_a_process_does_not_get_more_memory_than_it_may_have(limit: str) -> None:
    """Refused by Linux; ended where nothing is refused."""
    code = f"""
import time
from app.operating_system import {limit}
{limit}(300 * 2**20)
try:
    held = bytearray(600 * 2**20)
except MemoryError:
    raise SystemExit(1)
time.sleep(60)
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=REPO, timeout=60, check=False)
    assert ended.returncode == 1


STARTER = """
import subprocess, sys, time
from app.embedded.supervisor.guard import guarded
command = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)"]
child = subprocess.Popen(guarded(command, watched=sys.argv[1] == "watched"), start_new_session=True)
time.sleep(600)
"""


@pytest.mark.parametrize("means", ["by the kernel", "watched"])
async def test_a_guarded_command_ends_with_its_parent_however_that_ends(means: str) -> None:
    parent = subprocess.Popen(  # noqa: ASYNC220 - killed by hand
        [sys.executable, "-c", STARTER, means], cwd=REPO, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    with parent, parent.stdout as output:
        command = psutil.Process(int(output.readline()))
        assert command.ppid() == parent.pid
        assert command.children() == []
        parent.kill()
        parent.wait()
        await until(lambda: not command.is_running() or command.status() == psutil.STATUS_ZOMBIE)


def test_a_watched_command_is_run_to_its_end_and_leaves_nobody_behind(tmp_path: Path) -> None:
    began = time.time()
    argv = guarded([sys.executable, "-c", "print(7); raise SystemExit(3)"], watched=True)
    ended = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (3, "7\n")
    left = [each for each in psutil.process_iter(["cmdline", "create_time"]) if each.info["cmdline"] == argv]
    psutil.wait_procs(left, timeout=10)
    assert [each for each in left if each.is_running() and each.create_time() >= began] == []


def test_a_command_whose_parent_is_gone_is_not_begun(tmp_path: Path) -> None:
    argv = guarded([sys.executable, "-c", "print(7)"], death_signal=signal.SIGTERM, watched=True)
    argv[argv.index(str(os.getpid()))] = "1"
    ended = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
