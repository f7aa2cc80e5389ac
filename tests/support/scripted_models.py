"""A model server whose answers take a known time and no processor: so many pieces, so far apart.

Any question that holds `word:N` is answered with N pieces, the last of which cites a source that there is not.
One that holds `busy` is refused once.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.fake_ollama import FakeOllama, Request, respond, send_chunk, start_stream

EMBEDDING_MODEL = "all-minilm"
CHAT_MODEL = "smollm2:135m"
_NEVER = 10_000
_MODELS = [
    {"name": f"{EMBEDDING_MODEL}:latest", "digest": "sha256:1", "size": 1, "capabilities": ["embedding"]},
    {"name": CHAT_MODEL, "digest": "sha256:2", "size": 1, "capabilities": ["completion"]},
]


def nearly_alike(text: str) -> list[float]:
    """Nearly the same vector for every text, so that every passage is relevant to every question."""
    small = (len(text) % 97) / 9700
    return [(1 - small**2) ** 0.5, small, *[0.0] * 6]


@dataclass
class ScriptedModels:
    """`gap` is seconds between two pieces, `embed_seconds` the time of one embedding request; `embedding` is set by
    the first with several texts.
    """

    gap: float = 0.02
    embed_seconds: float = 0.0
    vector: Callable[[str], list[float]] = nearly_alike
    chats: int = 0
    requests: list[Request] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    streaming: int = 0
    embedding: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        async with FakeOllama(handler=self._answer).running() as server:
            self.requests = server.requests
            yield server.url

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
                texts = request.json["input"]
                if len(texts) > 1:
                    self.embedding.set()
                await asyncio.sleep(self.embed_seconds)
                await respond(writer, {"embeddings": [self.vector(text) for text in texts]})
            case "/api/chat":
                await self._chat(request.json, writer)
            case path:
                await respond(writer, {"error": f"no {path}"}, 404)

    async def _chat(self, body: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        question = body["messages"][-1]["content"]
        if "busy" in question and question not in self.refused:
            self.refused.add(question)
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
