"""A scripted model server with one embedding model, for processes that ask it what it has."""

import asyncio
from typing import Any

from tests.support.fake_ollama import DIMENSION, FakeOllama, Request, respond

MODEL = "m"


class EmbeddingServer(FakeOllama):
    """Says what it has, and embeds `slots` texts at a time, each in `seconds`.

    Attributes:
        ahead: for each request whose text begins with `questions`, the texts begun between its arrival and its own.
        batches: requests of more than one text.
    """

    def __init__(self, *, slots: int, seconds: float, questions: str = "question") -> None:
        super().__init__(slots=slots, seconds=seconds, handler=self.answer)
        self.questions = questions
        self.ahead: list[int] = []
        self.batches = 0

    async def answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        await respond(writer, await self._reply(request))

    async def _reply(self, request: Request) -> dict[str, Any]:
        match request.path:
            case "/api/embed":
                return await self._embedded(request.json["input"])
            case "/api/tags":
                return {"models": [{"name": f"{MODEL}:latest", "digest": "d", "size": 1}]}
            case "/api/show":
                shape = {"bert.embedding_length": DIMENSION, "bert.context_length": 256}
                facts = {"general.architecture": "bert", **shape}
                return {"model_info": facts, "capabilities": ["embedding"]}
            case _:
                return {"version": "0"}

    async def _embedded(self, texts: list[str]) -> dict[str, Any]:
        begun = len(self.embedded)
        self.batches += len(texts) > 1
        reply = await self.embed(texts)
        if texts and texts[0].startswith(self.questions):
            self.ahead.append(self.embedded.index(texts[0]) - begun)
        return reply
