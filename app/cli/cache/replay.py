"""`localchat cache replay`: measures matching by meaning on a log of questions."""

import gzip
import json
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app.cache.keys import normalise
from app.cache.semantic.replay import Replayed, replay, serve
from app.cli.api_client import api_client, problem_of
from app.cli.cache.tables import table_of
from app.cli.shared import CommandFailed
from app.ollama.catalog import prefixes_for
from app.services.semantic.labels import same_answers, same_results

BUDGETS = (0.005, 0.01, 0.02, 0.05)
_AT_ONCE = 64
# Fields under which logs hold a question.
_NAMES = ("text", "query", "question")
# An answer may take minutes on a slow machine.
_PATIENCE = httpx.Timeout(600, connect=5)
_SHOWN = (0.98, 0.96, 0.94, 0.92, 0.90, 0.88, 0.86)


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """`answers`: compare answers, one generation each, instead of searches."""

    collection: str
    top_k: int
    answers: bool
    budgets: Sequence[float]
    limit: int | None


async def replay_trace(trace: Path, options: ReplayOptions, *, url: str, api_key: str | None) -> None:
    """Replay a log and print the findings.

    Raises:
        CommandFailed: the log cannot be read, or the service does not answer or refuses.
    """
    questions = questions_of(trace)[: options.limit]
    console = Console(highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    async with api_client(url, api_key, patience=_PATIENCE) as client:
        with Progress(*columns, console=console, transient=True) as progress:
            service = _Service(client, options)
            distinct = list(dict.fromkeys(map(normalise, questions)))
            task = progress.add_task("Embedding", total=len(distinct))
            vectors = await service.embed(distinct, lambda done: progress.update(task, completed=done))
            task = progress.add_task("Asking", total=len(questions))
            replayed = await replay(
                questions, vectors, service.same, progress=lambda done: progress.update(task, completed=done)
            )
            seconds = await service.typical_seconds(distinct)
    _show(console, replayed, seconds, options)


def questions_of(trace: Path) -> list[str]:
    """Return the questions of a log in order: JSON lines, or one question a line; gzipped if the name ends in .gz.

    Raises:
        CommandFailed: it cannot be read, or holds none.
    """
    try:
        raw = trace.read_bytes()
        text = (gzip.decompress(raw) if trace.suffix == ".gz" else raw).decode()
    except OSError as error:
        raise CommandFailed(f"{trace} cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, EOFError):
        raise CommandFailed(f"{trace} is not UTF-8 text") from None
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    questions = [_question(trace, number, line) for number, line in lines if line]
    if not any(map(str.strip, questions)):
        raise CommandFailed(f"{trace} holds no question")
    return [question for question in questions if question.strip()]


def _question(trace: Path, number: int, line: str) -> str:
    if not line.startswith("{"):
        return line
    try:
        row = json.loads(line)
    except ValueError:
        raise CommandFailed(f"{trace}, line {number}: not JSON") from None
    found = next((row[name] for name in _NAMES if isinstance(row.get(name), str)), None)
    if found is None:
        raise CommandFailed(f"{trace}, line {number}: no question under {', '.join(_NAMES)}")
    return str(found)


@dataclass(slots=True)
class _Service:
    """Asks each question once, past the cache."""

    client: httpx.AsyncClient
    options: ReplayOptions
    seconds: list[float] = field(default_factory=list)
    _results: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    async def embed(
        self, questions: Sequence[str], progress: Callable[[int], None]
    ) -> dict[str, NDArray[np.float32]]:
        """Embed with the collection's own model, as its questions are embedded."""
        collection = await self._call("GET", f"/api/collections/{self.options.collection}")
        model = collection["embedding_model"]
        prefix = prefixes_for(model).query
        vectors: dict[str, NDArray[np.float32]] = {}
        for start in range(0, len(questions), _AT_ONCE):
            part = questions[start : start + _AT_ONCE]
            body = {"model": model, "input": [prefix + text for text in part]}
            found = await self._call("POST", "/v1/embeddings", body)
            for text, item in zip(part, found["data"], strict=True):
                vectors[text] = np.array(item["embedding"], dtype=np.float32)
            progress(len(vectors))
        return vectors

    async def same(self, question: str, matched: str) -> bool:
        mine, theirs = await self._ask(question), await self._ask(matched)
        compare = same_answers if self.options.answers else same_results
        return compare(theirs, mine).correct

    async def typical_seconds(self, questions: Iterable[str]) -> float:
        """Return the median time of the results that were computed."""
        if not self.seconds:
            await self._ask(next(iter(questions)))
        return statistics.median(self.seconds)

    async def _ask(self, question: str) -> Mapping[str, Any]:
        if question not in self._results:
            began = time.perf_counter()
            self._results[question] = await (self._answer if self.options.answers else self._search)(question)
            self.seconds.append(time.perf_counter() - began)
        return self._results[question]

    async def _search(self, question: str) -> Mapping[str, Any]:
        found = await self._call("POST", "/api/search", {"query": question, **self._shape()})
        return {"retrieval": {"results": found["results"]}}

    async def _answer(self, question: str) -> Mapping[str, Any]:
        found = await self._call("POST", "/api/chat", {"question": question, "stream": False, **self._shape()})
        return {
            "events": [
                {"event": "sources", "items": found["sources"]},
                {"event": "delta", "text": found["answer"]},
                {"event": "done", "finish_reason": found["finish_reason"]},
            ]
        }

    def _shape(self) -> dict[str, Any]:
        return {"collection": self.options.collection, "top_k": self.options.top_k, "cache": "bypass"}

    async def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        response = await self.client.request(method, path, json=body)
        if response.is_error:
            raise CommandFailed(problem_of(response))
        return response.json()


def _show(console: Console, replayed: Replayed, seconds: float, options: ReplayOptions) -> None:
    missed, requests = len(replayed.outcomes), replayed.requests
    hits = [each for each in replayed.outcomes if each.matched]
    wrong = sum(not each.correct for each in hits)
    console.print(
        f"{requests} questions: {replayed.exact} ({replayed.exact / requests:.1%}) asked before in the same words. "
        f"Of the other {missed}, {len(hits)} ({len(hits) / missed:.1%}) would match by meaning, {wrong} of them "
        f"wrongly. A result takes {seconds * 1000:.0f} ms."
    )
    points = {round(point.threshold, 3): point for point in replayed.curve()}
    table = table_of("from", "hit rate", "false hits", "interval", "wrong/request", "saved")
    for least in _SHOWN:
        point = next((points[each] for each in sorted(points) if each >= least), None)
        if point is not None:
            low, high = point.interval
            table.add_row(
                f"{least:.2f}",
                f"{point.hit_rate:.1%}",
                f"{point.false_hits:.1%}",
                f"{low:.1%}-{high:.1%}",
                f"≤ {point.wrong_bound:.2%}",
                _duration(point.hit_rate * missed * seconds),
            )
    console.print(table)
    console.print("\nCalibrated on the first half of those that missed, served in the second:")
    table = table_of("budget", "from", "hit rate", "wrong/request", "false hits", "saved")
    for budget in options.budgets:
        served = serve(replayed, budget)
        table.add_row(
            f"{budget:.2%}",
            "never" if served.threshold is None else f"{served.threshold:.3f}",
            f"{served.hits / max(1, served.requests):.1%}",
            f"{served.wrong / max(1, served.requests):.2%}",
            f"{served.wrong} of {served.hits}",
            _duration(served.hits * seconds),
        )
    console.print(table)


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes:.0f} min {seconds:.0f} s" if minutes else f"{seconds:.1f} s"
