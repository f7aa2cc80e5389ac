"""`localchat ingest --watch`: a collection follows folders, for as long as the command runs."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from watchfiles import Change, awatch

from app.cli.ingest.executor import Uploader
from app.cli.ingest.files import Scan, Scanner
from app.cli.ingest.plan import Action, Step, plan
from app.cli.ingest.report import IngestReport, report
from app.cli.ingest.service import Documents, ServiceUnavailable, Target
from app.cli.shared import CommandFailed
from app.concurrency.task_group import FirstErrorTaskGroup

# Seconds without a change after which a file counts as completely written.
_SETTLE = 1.0
# Seconds between scans without a notification: not every file system sends notifications.
_LOOK_ANYWAY = 60.0
_POLL_SECONDS = 1.0
_LONGEST_PAUSE = 10.0
# Milliseconds for which changes are gathered, and after which a watch checks that its folders are the same.
_DEBOUNCE_MS, _CHECK_MS = 400, 5_000


async def watch_folders(folders: Sequence[Path], target: Target) -> int:
    """Bring a collection up to date with folders, again after each change, until SIGINT or SIGTERM.

    A document is deleted when its file is gone, if it came from that file by this name of the machine. Returns the
    exit code, by the state at the end.

    Raises:
        CommandFailed: one of `folders` is none, or the service refuses the key.
    """
    for folder in folders:
        if not folder.is_dir():
            raise CommandFailed(f"{folder}: only folders can be watched")
    console = Console()
    stop = asyncio.Event()
    async with target.open(attempts=1) as documents:
        watch = _Watch(Scanner(folders, origin=target.origin, settle=_SETTLE), documents, console)
        with _signals(stop):
            working = asyncio.create_task(watch.run())
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
            for task in (working, stopped):
                task.cancel()
            await asyncio.wait([working, stopped])
        if not working.cancelled():
            working.result()
    report(console, watch.ledger)
    return watch.ledger.exit_code


class _Watch:
    """Compares the collection with the folders as they are, so that a lost notification loses nothing."""

    def __init__(self, scanner: Scanner, documents: Documents, console: Console) -> None:
        self._folders = scanner.roots
        self._documents = documents
        self._console = console
        self._scanner = scanner
        self.ledger = IngestReport(tell=self._tell)
        self._courier = Uploader(documents, self.ledger)
        self._devices = [folder.stat().st_dev for folder in self._folders]
        self._changed = asyncio.Event()
        self._saw_files = False
        self._trouble = ""

    async def run(self) -> None:
        async with FirstErrorTaskGroup() as group:
            for work in (self._notice(), self._follow(), self._keep_up()):
                group.create_task(work)

    async def _keep_up(self) -> None:
        pause = _POLL_SECONDS
        while True:
            self._changed.clear()
            try:
                settling, trouble = await self._compare()
            except ServiceUnavailable as away:
                self._note(f"waiting: {away}")
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            self._note(trouble)
            pause = _POLL_SECONDS
            patience = _SETTLE if settling else _CHECK_MS / 1000 if trouble else _LOOK_ANYWAY
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._changed.wait()

    async def _compare(self) -> tuple[bool, str]:
        """Carry out the changes. Returns whether files are still being written, and the problem here, if any."""
        scan = await asyncio.to_thread(self._scanner.scan)
        missing = self._missing()
        if missing:
            return False, f"{missing} is gone, or on another file system now: nothing is done until it is back"
        there = await self._documents.all()
        if not self._saw_files and scan.files:
            self._say(f"watching {len(scan.files)} files; Ctrl-C ends it")
            self._saw_files = True
        self._take_note(scan)
        steps = plan(scan, there, covers=self._scanner.covers, deletes=self._saw_files)
        await self._courier.carry_out([step for step in steps if not self._given_up(step)])
        if not self._saw_files:
            return scan.settling, "there is no file here; nothing is deleted until there is one"
        return scan.settling, ""

    def _take_note(self, scan: Scan) -> None:
        for name, reason in scan.refused:
            self.ledger.refuse(name, reason)
        in_work = {name for work in self.ledger.pending.values() for name in work.steps}
        self.ledger.keep_only({*(str(file.path) for file in scan.files), *dict(scan.refused), *in_work})

    def _given_up(self, step: Step) -> bool:
        """Return whether this same content was refused, or failed, before."""
        sent = step.action in (Action.UPLOAD, Action.REPLACE)
        return sent and step.file is not None and (step.file.source, step.file.sha256) in self.ledger.given_up

    async def _follow(self) -> None:
        while True:
            with contextlib.suppress(ServiceUnavailable):
                await self._courier.follow()
            await asyncio.sleep(_POLL_SECONDS)

    async def _notice(self) -> None:
        polling = None
        while True:
            seen = self._identities()
            here = [folder for folder, found in zip(self._folders, seen, strict=True) if found]
            begun = False
            try:
                async for changes in awatch(
                    *here,
                    watch_filter=self._is_visible,
                    debounce=_DEBOUNCE_MS,
                    rust_timeout=_CHECK_MS,
                    yield_on_timeout=True,
                    force_polling=polling,
                    ignore_permission_denied=True,
                ):
                    moved = self._identities() != seen
                    if changes or moved or not begun:  # nobody watched before it began
                        self._changed.set()
                    if moved:
                        break
                    begun = True
            except OSError as error:
                self._say(f"file notifications do not work ({error}); scanning instead")
                polling = True
            await asyncio.sleep(_POLL_SECONDS)

    def _is_visible(self, _change: Change, path: str) -> bool:
        return not any(
            part.startswith(".")
            for folder in self._folders
            if Path(path).is_relative_to(folder)
            for part in Path(path).relative_to(folder).parts
        )

    def _identities(self) -> list[tuple[int, int] | None]:
        return [_identity(folder) for folder in self._folders]

    def _missing(self) -> str:
        """Return a folder that is gone, or whose file system was mounted or unmounted."""
        for folder, device, found in zip(self._folders, self._devices, self._identities(), strict=True):
            if found is None or found[0] != device:
                return str(folder)
        return ""

    def _note(self, trouble: str) -> None:
        """Report a problem once, and its end once."""
        if trouble != self._trouble:
            self._say(trouble or "going on")
        self._trouble = trouble

    def _tell(self, verb: str, name: str, more: str) -> None:
        self._say(f"{verb} {name}" + (f": {more}" if more else ""))

    def _say(self, line: str) -> None:
        text = f"{time.strftime('%H:%M:%S')} {line}".encode(errors="replace").decode()
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        status = folder.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


@contextlib.contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
