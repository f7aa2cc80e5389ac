"""Faults on demand: what users report of model servers, so that clients can be tested against it."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import numpy as np
from pydantic import BaseModel, Field

from app.embedded.model_server.models.embedding import EmbeddingModel, EmbedResult, Vector
from app.embedded.model_server.models.generation import GeneratedText, GenerationModel, GenerationPrompt
from app.embedded.model_server.models.registry import HeldModel
from app.embedded.model_server.routes.errors import OllamaError

Piece = TypeVar("Piece")


class ConnectionDropped(Exception):
    """Ends the connection without an answer."""


class FaultKind(StrEnum):
    NAN_400 = "nan-400"
    NAN_500 = "nan-500"
    EOF_400 = "eof-400"
    BUSY_503 = "busy-503"
    RESET = "reset"
    DELAY = "delay"
    SLOW_LOAD = "slow-load"
    ZERO_VECTORS = "zero-vectors"
    WRONG_DIMENSION = "wrong-dimension"
    SHORT_COUNT = "short-count"
    SILENT_END = "silent-end"
    STREAM_ERROR = "stream-error"
    STREAM_RESET = "stream-reset"


class Fault(BaseModel):
    """One kind of misbehaviour.

    Attributes:
        match: it happens to requests with a text that contains this; the vector faults to those texts only.
        times: how often it happens before it is over; None for always.
        seconds: of `delay` and `slow-load`.
        after: pieces that a stream gives before the stream faults.
    """

    kind: FaultKind
    match: str = ""
    times: Annotated[int, Field(ge=1)] | None = None
    seconds: Annotated[float, Field(ge=0)] = 0.0
    after: Annotated[int, Field(ge=1)] = 1


_ERRORS = {
    FaultKind.NAN_400: OllamaError(400, "embedding contains NaN or Inf values"),
    FaultKind.NAN_500: OllamaError(500, "failed to encode response: json: unsupported value: NaN"),
    FaultKind.EOF_400: OllamaError(400, 'do embedding request: Post "http://127.0.0.1:38745/embedding": EOF'),
}


class Faults:
    """The faults in force. With none, every method lets its argument through."""

    def __init__(self) -> None:
        self.active: list[Fault] = []

    def _take(self, texts: Sequence[str], *kinds: FaultKind) -> Fault | None:
        for fault in self.active:
            if fault.kind in kinds and any(fault.match in text for text in texts):
                if fault.times is not None:
                    fault.times -= 1
                    if not fault.times:
                        self.active.remove(fault)
                return fault
        return None

    async def on_request(self, texts: Sequence[str]) -> None:
        """Before any work: delay it, refuse it, drop its connection."""
        if fault := self._take(texts, FaultKind.DELAY):
            await asyncio.sleep(fault.seconds)
        if self._take(texts, FaultKind.BUSY_503):
            raise OllamaError(503, "server busy, please try again.  maximum pending requests exceeded")
        if self._take(texts, FaultKind.RESET):
            raise ConnectionDropped

    async def on_load(self) -> None:
        if fault := self._take([""], FaultKind.SLOW_LOAD):
            await asyncio.sleep(fault.seconds)

    def on_vectors(self, texts: Sequence[str], vectors: list[Vector]) -> list[Vector]:
        """After every text was embedded: fail the whole request, or spoil vectors."""
        if fault := self._take(texts, *_ERRORS):
            raise _ERRORS[fault.kind]
        if fault := self._take(texts, FaultKind.ZERO_VECTORS):
            return _spoil(texts, vectors, fault.match, np.zeros_like)
        if fault := self._take(texts, FaultKind.WRONG_DIMENSION):
            return _spoil(texts, vectors, fault.match, lambda vector: vector[:-1])
        if self._take(texts, FaultKind.SHORT_COUNT):
            return vectors[:-1]
        return vectors

    async def on_stream(
        self, texts: Sequence[str], pieces: AsyncGenerator[Piece, None]
    ) -> AsyncGenerator[Piece, None]:
        """The pieces, up to the point where the stream is to fail or to fall silent."""
        fault = self._take(texts, FaultKind.SILENT_END, FaultKind.STREAM_ERROR, FaultKind.STREAM_RESET)
        given = 0
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece
                given += 1
                if fault is None or given < fault.after:
                    continue
                if fault.kind is FaultKind.STREAM_ERROR:
                    raise OllamaError(500, "an error was encountered while running the model: unexpected EOF")
                if fault.kind is FaultKind.STREAM_RESET:
                    raise ConnectionDropped
                return


class _FaultyEmbedding(EmbeddingModel):
    def __init__(self, model: EmbeddingModel, faults: Faults) -> None:
        self.residency = model.residency
        self.scheduler = model.scheduler
        self._model = model
        self._faults = faults

    async def embed(self, texts: Sequence[str], **chosen: Any) -> EmbedResult:
        await self._faults.on_request(texts)
        result = await self._model.embed(texts, **chosen)
        return replace(result, vectors=self._faults.on_vectors(texts, result.vectors))


class _FaultyGeneration(GenerationModel):
    def __init__(self, model: GenerationModel, faults: Faults) -> None:
        super().__init__(model.residency)
        self._faults = faults

    async def generate(
        self, prompt: GenerationPrompt, *, keep_alive: float
    ) -> AsyncGenerator[str | GeneratedText, None]:
        texts = [message.content for message in prompt.messages]
        await self._faults.on_request(texts)
        answer = super().generate(prompt, keep_alive=keep_alive)
        async with aclosing(self._faults.on_stream(texts, answer)) as pieces:
            async for piece in pieces:
                yield piece


def faulty(model: HeldModel, faults: Faults) -> HeldModel:
    """The same model, which misbehaves as `faults` say."""
    return replace(
        model,
        embedding=model.embedding and _FaultyEmbedding(model.embedding, faults),
        generation=model.generation and _FaultyGeneration(model.generation, faults),
    )


def _spoil(
    texts: Sequence[str], vectors: list[Vector], match: str, change: Callable[[Vector], Vector]
) -> list[Vector]:
    return [change(vector) if match in text else vector for text, vector in zip(texts, vectors, strict=True)]
