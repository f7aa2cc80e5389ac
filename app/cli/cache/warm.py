"""`localchat cache warm`: the progress, then the result."""

from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app.cli.api_client import api_client, problem_of
from app.cli.ask import events
from app.cli.shared import CommandFailed

# Seconds of silence: the service sends a comment while nothing happens.
_PATIENCE = httpx.Timeout(60, connect=5)


async def warm_cache(asked: dict[str, Any], *, url: str, api_key: str | None) -> None:
    """Warm as `asked` says (a body of `/api/cache/warm`), and show the progress.

    Raises:
        CommandFailed: the service does not answer, refuses or gives up, or a question failed.
    """
    console = Console(highlight=False)
    async with (
        api_client(url, api_key, patience=_PATIENCE) as client,
        client.stream("POST", "/api/cache/warm", json={**asked, "stream": True}) as response,
    ):
        if response.is_error:
            await response.aread()
            raise CommandFailed(problem_of(response))
        warmed = await _follow(console, response)
    console.print(
        f"{warmed['total']} questions in {warmed['seconds']:.1f} s: {warmed['held']} results were held, "
        f"{warmed['computed']} computed, {len(warmed['failures'])} failed."
    )
    for failure in warmed["failures"]:
        console.print(f"  {failure['query']}: {failure['detail']}", markup=False)
    if warmed["failures"]:
        raise CommandFailed("not every question could be answered")


def questions_in(file: Path) -> list[str]:
    """Return the questions of a file, one a line; blank lines are skipped.

    Raises:
        CommandFailed: it cannot be read, or holds none.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandFailed(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CommandFailed(f"{file} is not UTF-8 text") from None
    questions = [line.strip() for line in text.splitlines() if line.strip()]
    if not questions:
        raise CommandFailed(f"{file} holds no question")
    return questions


async def _follow(console: Console, response: httpx.Response) -> dict[str, Any]:
    columns = (TextColumn("Warming"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None, note="waiting for its turn")
        async for name, data in events(response.aiter_lines()):
            match name:
                case "progress":
                    note = f"{data['held']} held, {data['computed']} computed" if data["done"] else "waiting"
                    progress.update(task, total=data["total"], completed=data["done"], note=note)
                case "error":
                    raise CommandFailed(str(data["problem"].get("detail") or data["problem"]["title"]))
                case "done":
                    return dict(data)
    raise CommandFailed("the connection ended before it was done")
