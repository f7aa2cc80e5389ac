"""`localchat evaluate`: your own questions, asked under one or more settings, and what came of them."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from app.cli.api_client import api_client, problem_of
from app.cli.shared import CommandFailed

# Seconds between two looks at the progress.
_POLL = 1.0
_SHARES = ("found_first", "found", "right", "cited", "refused_rightly", "refused_wrongly")
_ENDED = ("done", "failed", "interrupted")
_MISSES = 20


async def evaluate_questions(
    file: Path,
    *,
    collection: str,
    name: str,
    variants: Sequence[str],
    url: str,
    api_key: str | None,
) -> bool:
    """Print what came. True: the evaluation was carried out to its end.

    Raises:
        CommandFailed: the file cannot be read, or the service does not answer or refuses.
    """
    body: dict[str, Any] = {
        "name": name or file.name,
        "collection": collection,
        "questions": read_questions(file),
    }
    if variants:
        body["variants"] = [{"name": "as-it-is"}, *(_variant(each) for each in variants)]
    console = Console(highlight=False)
    async with api_client(url, api_key) as client:
        started = _read(await client.post("/api/evaluations", json=body))
        with console.status("Asking") as status:
            while (found := _read(await client.get(f"/api/evaluations/{started['id']}")))["state"] not in _ENDED:
                status.update(f"Asked {found['done']} of {found['total']}")
                await asyncio.sleep(_POLL)
    _print_results(console, found)
    return bool(found["state"] == "done")


def read_questions(file: Path) -> list[dict[str, Any]]:
    """The questions of a file of JSON lines.

    Raises:
        CommandFailed: there is none, or a line is no JSON object.
    """
    try:
        lines = [line for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{file}: {error}") from None
    questions = []
    for number, line in enumerate(lines, 1):
        try:
            question = json.loads(line)
        except json.JSONDecodeError as error:
            raise CommandFailed(f"{file}, line {number}: {error}") from None
        if not isinstance(question, dict):
            raise CommandFailed(f"{file}, line {number}: each line is an object with a question")
        questions.append(question)
    if not questions:
        raise CommandFailed(f"{file} holds no questions")
    return questions


def _variant(given: str) -> dict[str, Any]:
    name, _, settings = given.partition("=")
    try:
        return {"name": name, "settings": json.loads(settings)}
    except json.JSONDecodeError:
        raise CommandFailed(f'--variant {given}: write NAME={{"top_k": 10}}') from None


def _read(response: httpx.Response) -> dict[str, Any]:
    if response.is_error:
        raise CommandFailed(problem_of(response))
    found: dict[str, Any] = response.json()
    return found


def _print_results(console: Console, found: dict[str, Any]) -> None:
    table = Table(box=None, header_style="bold")
    table.add_column("")
    for score in found["results"]:
        table.add_column(score["name"])
    for share in _SHARES:
        shown = [_share(score[share]) for score in found["results"]]
        if any(shown):
            table.add_row(share.replace("_", " "), *shown)
    table.add_row("milliseconds", *(_rounded(score["milliseconds"]) for score in found["results"]))
    console.print(table)
    missed = [each for each in found["outcomes"] if each["error"] or False in (each["found"], each["right"])]
    for outcome in missed[:_MISSES]:
        reason = outcome["error"] or ("wrong answer" if outcome["right"] is False else "document not found")
        console.print(f"{outcome['variant']}: {outcome['question']}: {reason}", style="dim", markup=False)
    if len(missed) > _MISSES:
        console.print(f"and {len(missed) - _MISSES} more", style="dim")
    if found["error"]:
        console.print(found["error"], style="red", markup=False)


def _share(share: dict[str, Any]) -> str:
    """A share with its interval, and how far it is above the first variant's."""
    if share["value"] is None:
        return ""
    interval, above = share["interval"], share["above_first"]
    shown = f"{share['value']:.2f} ({interval['low']:.2f}-{interval['high']:.2f})"
    return shown if above is None else f"{shown} {above['low']:+.2f}..{above['high']:+.2f}"


def _rounded(milliseconds: float | None) -> str:
    return "" if milliseconds is None else f"{milliseconds:.0f}"
