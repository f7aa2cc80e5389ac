"""`localchat ask`: an answer as it is written, then the sources it cites."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
from rich.console import Console
from rich.text import Text

from app.cli.api_client import api_client, problem_of
from app.cli.shared import CommandFailed

_PATIENCE = httpx.Timeout(300, connect=5)  # a slow model may think for minutes before its first token


async def ask_question(question: str, *, collection: str, cache: str, url: str, api_key: str | None) -> None:
    """Print the answer.

    Raises:
        CommandFailed: the service does not answer, refuses, or the stream ends without its end.
    """
    console = Console(highlight=False)
    body = {"question": question, "collection": collection, "cache": cache, "stream": True}
    async with (
        api_client(url, api_key, patience=_PATIENCE) as client,
        client.stream("POST", "/api/chat", json=body, headers={"Accept": "text/event-stream"}) as response,
    ):
        if response.is_error:
            await response.aread()
            raise CommandFailed(problem_of(response))
        await _print_answer(console, events(response.aiter_lines()))


async def events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, Any]]:
    """Yield the name and the decoded data of each server-sent event."""
    name, data = "message", []
    async for line in lines:
        if line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        elif line.startswith("data:"):
            data.append(line.removeprefix("data:").removeprefix(" "))
        elif not line and data:
            yield name, json.loads("\n".join(data))
            name, data = "message", []


async def _print_answer(console: Console, stream: AsyncIterator[tuple[str, Any]]) -> None:
    sources: list[dict[str, Any]] = []
    status = console.status("Searching")
    status.start()
    try:
        async for name, data in stream:
            match name:
                case "status":
                    status.update(str(data["stage"]).capitalize())
                case "progress":
                    status.update(_progress(data))
                case "thinking":
                    status.update("Thinking")
                case "sources":
                    sources = data if isinstance(data, list) else data["items"]
                case "delta":
                    status.stop()
                    console.out(data["text"], end="", highlight=False)
                case "error":
                    problem = data["problem"]
                    raise CommandFailed(str(problem.get("detail") or problem.get("title")))
                case "done":
                    status.stop()
                    _print_sources(console, sources, set(data["citations_used"]))
                    return
    finally:
        status.stop()
    raise CommandFailed("the answer broke off; ask again")


def _progress(data: dict[str, Any]) -> str:
    done = f"{str(data['stage']).capitalize()} {data['done']} of {data['total']}"
    left = data["eta_seconds"]
    return done if left is None else f"{done}, {timedelta(seconds=round(left))} left"


def _print_sources(console: Console, sources: list[dict[str, Any]], cited: set[int]) -> None:
    console.print()
    if sources:
        console.print("\nSources", style="bold")
    for source in sources:
        where = [source["filename"]]
        if source.get("page") is not None:
            where.append(f"page {source['page']}")
        if source.get("section"):
            where.append(source["section"])
        style = "" if source["citation"] in cited else "dim"
        console.print(Text(f"[{source['citation']}] {', '.join(where)}", style=style))
    unread = {source["filename"]: source["unread"] for source in sources if source.get("unread")}
    for filename, parts in unread.items():
        console.print(Text(f"{filename} was not read whole; missing: {parts}.", style="yellow"))
