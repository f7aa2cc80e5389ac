"""`localchat ingest --dry-run`: the steps that a run would take, without sending anything."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console

from app.cli.ingest.files import LocalFile, Scanner
from app.cli.ingest.plan import Action, Step, plan
from app.cli.ingest.report import ALL_IN, SOME_REFUSED, show_table
from app.cli.ingest.service import Target
from app.cli.shared import CommandFailed
from app.errors import LocalChatError
from app.ingestion.loaders.loader import DocumentLoader
from app.ingestion.loaders.pool import whole
from app.settings import Settings

_READERS = 2


async def show_plan(paths: Iterable[Path], target: Target, *, deletes: bool, settings: Settings) -> int:
    """List the files that would be uploaded, replaced, deleted and refused. Returns the exit code of such a run.

    The service is asked only for its documents. Each file that would be sent is read here as a worker would read
    it; `settings` should be the service's.

    Raises:
        CommandFailed: there is no file, or the service does not answer.
    """
    scanner = Scanner(paths, origin=target.origin)
    scan = await asyncio.to_thread(scanner.scan)
    if not scan.files and not scan.refused and not deletes:
        raise CommandFailed("there is no file in what was given")
    async with target.open() as documents:
        there = await documents.all()
    steps = plan(scan, there, covers=scanner.covers, deletes=deletes)
    outcomes = await _outcomes(
        [step for step in steps if step.file and step.action is not Action.UNCHANGED], settings
    )
    rows = [("refuse", name, reason) for name, reason in scan.refused]
    rows += [outcomes.get(step.name) or (str(step.action), step.name, step.why) for step in steps]
    console = Console()
    telling = [row for row in rows if row[0] != Action.UNCHANGED or row[2]]
    if telling:
        show_table(console, "Nothing was sent. It would", ("Do", "File", "Why"), telling)
    counts = {verb: sum(row[0] == verb for row in rows) for verb in (*map(str, Action), "refuse")}
    console.print(", ".join(f"{number} {verb}" for verb, number in counts.items()), highlight=False)
    return SOME_REFUSED if counts["refuse"] else ALL_IN


async def _outcomes(steps: Sequence[Step], settings: Settings) -> dict[str, tuple[str, str, str]]:
    """Return the row of each file that would be sent, by name."""
    loader = DocumentLoader(workers=_READERS)
    limit = asyncio.Semaphore(_READERS)

    async def look(step: Step) -> tuple[str, str, str]:
        assert step.file is not None
        async with limit:
            refusal = await _refusal(step.file, loader, settings.max_upload_bytes)
        return ("refuse", step.name, refusal) if refusal else (str(step.action), step.name, step.why)

    try:
        return {row[1]: row for row in await asyncio.gather(*map(look, steps))}
    finally:
        await loader.close()


async def _refusal(file: LocalFile, loader: DocumentLoader, max_bytes: int) -> str:
    """Return why the service would refuse the file; empty if it would not."""
    if file.size > max_bytes:
        return f"has {file.size} bytes; at most {max_bytes} can be sent at once (MAX_UPLOAD_BYTES)"
    try:
        content = await asyncio.to_thread(file.path.read_bytes)
        async with loader.chunks(whole(content), file.name) as parts:
            chunks = sum([len(part.chunks) async for part in parts])
    except LocalChatError as error:
        return error.detail
    except OSError as error:
        return f"cannot be read here: {error.strerror}"
    return "" if chunks else f"{file.name} holds no text."
