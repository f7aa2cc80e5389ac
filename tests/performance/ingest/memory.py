"""How much memory the worker and its loaders take for ten times as many pages, and for ten times as many files."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from app.domain.documents import Upload
from tests.performance.shared.figures import Figure, show
from tests.support.ingestion import file_of
from tests.support.processes.plant import Plant

WORDS = ("harbour", "granite", "tide", "anchor", "beacon", "lantern", "mooring", "vessel", "quay")
_MIB = 1024**2
# A run may take this much of what the ten times smaller one takes.
AIM = 1.5


def pdf(pages: int, lines: int = 12) -> bytes:
    """Each page has lines of ten words of its own; twelve are a chunk."""
    rng = random.Random(pages)
    parts = [b"%PDF-1.4\n"]
    offsets: list[int] = []
    at = len(parts[0])

    def add(content: bytes) -> None:
        nonlocal at
        offsets.append(at)
        part = b"%d 0 obj\n%s\nendobj\n" % (len(offsets), content)
        parts.append(part)
        at += len(part)

    kids = b" ".join(b"%d 0 R" % (4 + 2 * page) for page in range(pages))
    add(b"<< /Type /Catalog /Pages 2 0 R >>")
    add(b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, kids))
    add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for page in range(pages):
        said = [f"Page {page} tells of this.", *(" ".join(rng.choices(WORDS, k=10)) + "." for _ in range(lines))]
        shown = "".join(f"({line}) Tj 0 -14 Td " for line in said)
        stream = f"BT /F1 11 Tf 50 780 Td {shown}ET".encode()
        resources = b"/MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>"
        add(b"<< /Type /Page /Parent 2 0 R %s /Contents %d 0 R >>" % (resources, 5 + 2 * page))
        add(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    count = len(offsets) + 1
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%s" % (count, table))
    parts.append(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, at))
    return b"".join(parts)


def book(pages: int) -> Sequence[Upload]:
    return [file_of("book.pdf", pdf(pages))]


def notes(files: int) -> Sequence[Upload]:
    """Each a chunk of its own."""
    rng = random.Random(files)
    return [
        file_of(f"note-{number}.txt", f"Note {number}: {' '.join(rng.choices(WORDS, k=100))}.".encode())
        for number in range(files)
    ]


@dataclass
class Peaks:
    """The most memory that each process had resident, in bytes, by process id."""

    worker: int = 0
    loaders: dict[int, int] = field(default_factory=dict)

    def look(self, process: psutil.Process) -> None:
        self.worker = max(self.worker, _peak(process))
        for child in process.children(recursive=True):
            self.loaders[child.pid] = max(self.loaders.get(child.pid, 0), _peak(child))


def _peak(process: psutil.Process) -> int:
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")] or ["VmHWM: 0 kB"]
    return int(line.split()[1]) * 1024


async def ingested(plant: Plant, tenant: str, files: Sequence[Upload]) -> tuple[Peaks, float]:
    """What a new worker takes for them, and the seconds until they are ready."""
    for start in range(0, len(files), 500):
        await plant.upload(tenant, files[start : start + 500])
    began = time.perf_counter()
    worker = plant.worker(("app.cli", "worker"))
    assert worker.pid is not None
    process, peaks = psutil.Process(worker.pid), Peaks()
    waiting = asyncio.create_task(plant.ended(tenant, 1200))
    while not waiting.done():
        peaks.look(process)
        await asyncio.wait([waiting], timeout=0.1)
    await waiting
    seconds = time.perf_counter() - began
    assert await plant.statuses(tenant) == {"ready"}
    await asyncio.to_thread(worker.stop, 10)
    return peaks, seconds


async def bench_memory(plant: Plant, small: int) -> list[Figure]:
    """With `small` pages and files, and with ten times as many."""
    kinds: dict[str, Callable[[int], Sequence[Upload]]] = {"pages": book, "files": notes}
    found: list[Figure] = []
    for kind, make in kinds.items():
        figures: list[Figure] = []
        before: Peaks | None = None
        for number in (small, 10 * small):
            peaks, seconds = await ingested(plant, f"{kind}-{number}", make(number))
            for process, peak, less in (
                ("worker", peaks.worker, before and before.worker),
                ("largest loader", max(peaks.loaders.values()), before and max(before.loaders.values())),
            ):
                name = f"{number} {kind}, {process}"
                ratio = less / peak if less else None
                figures.append(
                    Figure("memory", name, peak / _MIB, "MiB", ratio, "it, what a tenth takes", ratio and 1 / AIM)
                )
            figures.append(Figure("memory", f"{number} {kind}", number / seconds, f"{kind}/s"))
            before = peaks
        show(f"Peak resident memory, {kind}", figures)
        found += figures
    return found
