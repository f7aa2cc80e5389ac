"""An Ollama in the test's own process, whose answers take a known time and no processor.

It can be exact about when work begins and ends, which `tests.support.model_server`, a process that a test may kill
and that runs the embedded model server's own code, cannot be.
"""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.support.http_server import Handler, Request, ScriptedServer, respond, send_chunk, start_stream

EMBEDDING_MODEL = "all-minilm"
CHAT_MODEL = "smollm2:135m"
DIMENSION = 8
_NEVER = 10_000
_MODELS = [
    {"name": f"{EMBEDDING_MODEL}:latest", "digest": "sha256:1", "size": 1, "capabilities": ["embedding"]},
    {"name": CHAT_MODEL, "digest": "sha256:2", "size": 1, "capabilities": ["completion"]},
]


def unit_vector(text: str) -> list[float]:
    """A vector that depends on the text alone, and is near no other text's."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    vector = np.random.default_rng(seed).normal(size=DIMENSION)
    return [float(value) for value in vector / np.linalg.norm(vector)]


def nearly_alike(text: str) -> list[float]:
    """Nearly the same vector for every text, so that every passage is relevant to every question."""
    small = (len(text) % 97) / 9700
    return [(1 - small**2) ** 0.5, small, *[0.0] * (DIMENSION - 2)]


class FakeOllama(ScriptedServer):
    """Embeds texts in the order of arrival, and answers a question that holds `word:N` with N pieces.

    The last piece cites a source that does not exist. A question that holds `busy` is refused once. Work for a
    client that leaves is dropped, except for texts that have begun: they keep their slot to the end, as in Ollama.

    Attributes:
        slots: texts that are embedded at once.
        seconds: time that each text takes.
        request_seconds: time that each embedding request takes besides.
        gap: seconds between two pieces of an answer.
        vector: makes the vector of a text.
        handler: replaces all of the above.
        embedded: texts in the order in which their embedding began.
        arrived: for each text, how many others had begun when its first request arrived.
        batches: embedding requests of more than one text.
        peak_texts: most texts of one request.
        chats: chat requests that were not refused.
        streaming: answers that are on their way.
    """

    def __init__(
        self,
        *,
        slots: int = 1,
        seconds: float = 0.0,
        request_seconds: float = 0.0,
        gap: float = 0.02,
        vector: Callable[[str], list[float]] = nearly_alike,
        handler: Handler | None = None,
    ) -> None:
        super().__init__(handler or self._answer)
        self.seconds = seconds
        self.request_seconds = request_seconds
        self.gap = gap
        self.vector = vector
        self.embedded: list[str] = []
        self.arrived: dict[str, int] = {}
        self.batches = 0
        self.peak_texts = 0
        self.chats = 0
        self.streaming = 0
        self._free = asyncio.Semaphore(slots)
        self._refused: set[str] = set()

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        match request.path:
            case "/api/version":
                await respond(writer, {"version": "0.33.0"})
            case "/api/tags":
                await respond(writer, {"models": _MODELS})
            case "/api/ps":
                await respond(writer, {"models": []})
            case "/api/show":
                await respond(writer, _shown(request.json["model"], len(self.vector("any"))))
            case "/api/embed":
                await respond(writer, await self.embed(request.json["input"]))
            case "/api/chat":
                await self._chat(request.json, writer)
            case path:
                await respond(writer, {"error": f"no {path}"}, 404)

    async def embed(self, texts: list[str]) -> dict[str, Any]:
        """Do the work of one request."""
        self.peak_texts = max(self.peak_texts, len(texts))
        self.batches += len(texts) > 1
        for text in texts:
            self.arrived.setdefault(text, len(self.embedded))
        await asyncio.sleep(self.request_seconds)
        await asyncio.gather(*map(self._infer, texts))
        return {"model": EMBEDDING_MODEL, "embeddings": [self.vector(text) for text in texts]}

    async def _infer(self, text: str) -> None:
        await self._free.acquire()
        self.embedded.append(text)
        asyncio.get_running_loop().call_later(self.seconds, self._free.release)
        await asyncio.sleep(self.seconds)

    async def _chat(self, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        question = body["messages"][-1]["content"]
        if "busy" in question and question not in self._refused:
            self._refused.add(question)
            await respond(writer, {"error": "server busy, please try again"}, 503)
            return
        self.chats += 1
        found = re.findall(r"word:(\d+)", question)
        pieces = int(found[-1]) if found else _NEVER
        await start_stream(writer)
        self.streaming += 1
        try:
            for number in range(pieces):
                await send_chunk(
                    writer, _line({"message": {"role": "assistant", "content": _piece(number, pieces)}})
                )
                await asyncio.sleep(self.gap)
        finally:
            self.streaming -= 1
        end = {"done": True, "done_reason": "stop", "prompt_eval_count": 10, "eval_count": pieces}
        await send_chunk(writer, _line({"message": {"role": "assistant", "content": ""}, **end}))
        await send_chunk(writer, b"")


def _shown(model: str, dimension: int) -> dict[str, Any]:
    if model.startswith(EMBEDDING_MODEL):
        info = {"general.architecture": "bert", "bert.embedding_length": dimension, "bert.context_length": 512}
        return {"capabilities": ["embedding"], "model_info": info}
    info = {"general.architecture": "llama", "llama.context_length": 8192}
    return {"capabilities": ["completion"], "model_info": info}


def _piece(number: int, pieces: int) -> str:
    return f"piece{number} " if number < pieces - 1 else f"piece{number} [99]."


def _line(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode() + b"\n"
