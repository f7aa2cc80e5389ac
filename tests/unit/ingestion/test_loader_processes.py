"""What hostile files do to the processes that read them, and what they must not do to others."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.domain.documents import ChunkDraft, ChunkPart
from app.errors import UnreadableDocument, UnsupportedMedia
from app.ingestion.loaders.loader import DocumentLoader, load_parts
from app.ingestion.loaders.pool import ChildPool, whole
from app.ingestion.loaders.worker import Limits, Task
from tests.support import loader_tasks as tasks
from tests.support.waiting import idle

MIB = 1024 * 1024
LIMITS = Limits(seconds=2.0, memory_bytes=400 * MIB, tasks_per_child=50)


@pytest.fixture
async def loader() -> AsyncIterator[DocumentLoader]:
    loader = DocumentLoader(workers=2, limits=LIMITS)
    yield loader
    await loader.close()


@pytest.fixture
async def pool() -> AsyncIterator[ChildPool]:
    pool = ChildPool(2, LIMITS)
    yield pool
    await pool.close()


async def read(pool: ChildPool) -> str:
    """Whether a child reads as it should."""
    _, sections = await pool.run(load_parts, whole(b"still here"), "note.txt", None)
    return str(sections[0].text)


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        (tasks.hang, "took longer than 2 seconds"),
        (tasks.spin, "took longer than 2 seconds"),
        (tasks.allocate, "more memory than is allowed"),
        (tasks.crash, "crashed its reader"),
        (tasks.fail, "damaged"),
        (tasks.recurse, "nested too deeply"),
    ],
)
async def test_a_hostile_file_is_refused_and_the_next_one_is_read(pool: ChildPool, task: Task, reason: str) -> None:
    with pytest.raises(UnreadableDocument, match=reason):
        await pool.run(task, whole(b""))
    assert await read(pool) == "still here"


async def test_a_crash_costs_a_neighbour_nothing(pool: ChildPool) -> None:
    results = await asyncio.gather(
        *(pool.run(tasks.pause if n % 2 else tasks.crash, whole(b"")) for n in range(6)), return_exceptions=True
    )
    assert [isinstance(result, UnreadableDocument) for result in results] == [True, False] * 3


async def test_children_are_reused_and_retired(pool: ChildPool) -> None:
    assert await pool.run(tasks.pid, whole(b"")) == await pool.run(tasks.pid, whole(b""))
    frugal = ChildPool(1, Limits(tasks_per_child=1))
    assert await frugal.run(tasks.pid, whole(b"")) != await frugal.run(tasks.pid, whole(b""))
    await frugal.close()


async def test_the_memory_of_the_process_that_starts_a_child_is_not_the_childs(pool: ChildPool) -> None:
    weight = bytearray(LIMITS.retire_above_bytes + 1024 * 1024)
    weight[::4096] = b"x" * len(weight[::4096])
    assert await pool.run(tasks.pid, whole(b"")) == await pool.run(tasks.pid, whole(b""))
    del weight


async def test_a_cancelled_load_ends_its_child(pool: ChildPool) -> None:
    [child] = await pool.run(tasks.pid, whole(b""))
    task = asyncio.create_task(pool.run(tasks.hang, whole(b"")))
    await asyncio.sleep(0.3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert await pool.run(tasks.pid, whole(b"")) != [child]


async def test_closing_ends_every_child() -> None:
    pool = ChildPool(1, LIMITS)
    [child] = await pool.run(tasks.pid, whole(b""))
    await pool.close()
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


async def chunks_of(
    loader: DocumentLoader, content: bytes, filename: str
) -> tuple[list[ChunkPart], list[ChunkDraft]]:
    async with loader.chunks(whole(content), filename) as stream:
        parts = [part async for part in stream]
    return parts, [chunk for part in parts for chunk in part.chunks]


async def test_a_long_file_comes_in_parts_that_make_the_whole_while_the_event_loop_runs() -> None:
    told: list[str] = []
    loader = DocumentLoader(workers=1, on_stage=lambda stage, _began, _ended: told.append(stage))
    sentences = "".join(f"Sentence {n} has some words. " for n in range(10_000))
    reading = asyncio.create_task(chunks_of(loader, sentences.encode(), "long.txt"))
    turns = 0
    while not reading.done():
        await idle()
        turns += 1
    parts, chunks = await reading
    await loader.close()
    assert turns > 20
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    assert len(parts) > 2
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    assert " ".join(chunk.text for chunk in chunks).split() == sentences.split()
    assert told == ["parse", "chunk"]


async def test_a_child_works_ahead_by_no_more_than_its_pipe_holds(tmp_path: Path) -> None:
    """So what waits in memory is bounded, however long the file is and however slow its reader's reader."""
    pool = ChildPool(1, Limits())
    made = tmp_path / "made"
    async with pool.stream(tasks.megabytes, whole(str(made).encode())) as parts:
        assert len(await anext(parts)) == MIB
        await asyncio.sleep(0.5)
        assert len(made.read_bytes()) <= 2
    await pool.close()


async def test_the_time_in_which_nobody_asks_is_not_the_files(pool: ChildPool) -> None:
    async with pool.stream(tasks.numbers, whole(b"")) as parts:
        assert await anext(parts) == 0
        await asyncio.sleep(2.5)  # more than a task may take
        assert [part async for part in parts] == [1, 2]


async def test_a_file_whose_chunks_nobody_wants_any_more_is_read_no_further(pool: ChildPool) -> None:
    async with pool.stream(tasks.pid_for_ever, whole(b"")) as parts:
        child = await anext(parts)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)
    assert await read(pool) == "still here"


async def test_refusals_keep_their_kind_across_processes(loader: DocumentLoader) -> None:
    with pytest.raises(UnsupportedMedia, match="Archives are not unpacked"):
        await loader.load(b"\x1f\x8b\x08" + bytes(40), "data.tar.gz")


def test_children_die_with_a_killed_parent() -> None:
    script = (
        "import asyncio, os, sys\n"
        "from app.ingestion.loaders.pool import ChildPool, whole\n"
        "from app.ingestion.loaders.worker import Limits\n"
        "from tests.support.loader_tasks import hang, pid\n"
        "async def main():\n"
        "    pool = ChildPool(1, Limits())\n"
        "    print(*await pool.run(pid, whole(b'')), flush=True)\n"
        "    await pool.run(hang, whole(b''))\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    for _ in range(100):
        try:
            os.kill(child, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("the child outlived its parent")
