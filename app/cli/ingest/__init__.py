"""`localchat ingest`: uploads files, follows their ingestion, and lists the refused ones."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from app.cli.ingest.executor import Uploader
from app.cli.ingest.files import Scanner
from app.cli.ingest.plan import Action, Step, plan
from app.cli.ingest.report import IngestReport, report
from app.cli.ingest.service import Documents, ServiceUnavailable, Target
from app.cli.shared import CommandFailed

_POLL_SECONDS = 1.0
_RATE_SECONDS = 30.0


async def ingest_paths(paths: Iterable[Path], target: Target) -> int:
    """Bring a collection up to date with files and folders; nothing is deleted. Returns the exit code.

    Raises:
        CommandFailed: there is no file, or the service does not answer.
    """
    scanner = Scanner(paths, origin=target.origin)
    scan = await asyncio.to_thread(scanner.scan)
    if not scan.files and not scan.refused:
        raise CommandFailed("there is no file in what was given")
    console, ledger = Console(), IngestReport()
    for name, reason in scan.refused:
        ledger.refuse(name, reason)
    async with target.open() as documents:
        steps = plan(scan, await documents.all(), covers=scanner.covers, deletes=False)
        with _progress(console) as progress:
            await _Run(documents, ledger, progress, steps).run()
    report(console, ledger)
    return ledger.exit_code


class _Run:
    """One run: uploads continue while uploaded documents are followed."""

    def __init__(self, documents: Documents, ledger: IngestReport, progress: Progress, steps: list[Step]) -> None:
        self._ledger = ledger
        self._progress = progress
        self._steps = steps
        self._courier = Uploader(documents, ledger, on_step=self._count)
        sending = [step for step in steps if step.file and step.action is not Action.UNCHANGED]
        self._sizes = {step.name: step.file.size for step in sending if step.file}
        self._number, self._sent = len(sending), 0
        self._uploading = progress.add_task("Uploaded", total=self._number, note=f"0 of {self._number} files")
        self._embedding = progress.add_task("Ready   ", total=max(1, sum(self._sizes.values())), note="")
        self._rate = _Rate()

    async def run(self) -> None:
        uploads = asyncio.create_task(self._courier.carry_out(self._steps))
        try:
            while not uploads.done() or self._ledger.pending:
                await asyncio.wait([uploads], timeout=_POLL_SECONDS)
                if uploads.done():
                    await uploads
                    await asyncio.sleep(_POLL_SECONDS if self._ledger.pending else 0)
                await self._look()
        finally:
            uploads.cancel()
            await asyncio.wait([uploads])

    async def _look(self) -> None:
        try:
            await self._courier.follow()
        except ServiceUnavailable as away:
            if away.__cause__ is not None:
                raise
        self._show()

    def _count(self, _step: Step) -> None:
        self._sent += 1
        self._progress.update(self._uploading, completed=self._sent, note=f"{self._sent} of {self._number} files")

    def _show(self) -> None:
        ledger = self._ledger
        ended = self._sizes.keys() & (ledger.ready.keys() | ledger.refused.keys() | ledger.broken.keys())
        done: float = sum(self._sizes[name] for name in ended)
        chunks = sum(ledger.ready.get(name, 0) for name in ended)
        for work in ledger.pending.values():
            document = work.document
            chunks += document.done_count
            size = sum(self._sizes.get(name, 0) for name in work.steps)
            done += size * document.done_count / max(1, document.chunk_count)
        note = f"{len(ledger.ready)} ready, {len(ledger.refused) + len(ledger.broken)} refused; "
        note += f"{chunks} chunks, {self._rate.of(chunks):.1f}/s"
        self._progress.update(self._embedding, completed=done, note=note)


class _Rate:
    """The growth of a count per second, over the last half minute."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])

    def of(self, count: int) -> float:
        now = time.monotonic()
        self._seen.append((now, count))
        while len(self._seen) > 2 and now - self._seen[1][0] > _RATE_SECONDS:  # noqa: PLR2004 - the two ends
            self._seen.popleft()
        began, before = self._seen[0]
        return (count - before) / max(now - began, 1e-9)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
        console=console,
    )
