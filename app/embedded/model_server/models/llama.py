"""Chat models in GGUF on llama.cpp, in this process."""

import asyncio
import secrets
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from pathlib import Path
from typing import Any

import xllamacpp

from app.embedded.model_server.models.generation import Finish, GenerationPrompt, shorter
from app.embedded.model_server.routes.errors import OllamaError, too_long
from app.embedded.model_server.routes.requests import NativeMessage, Options

Chunk = dict[str, Any]

# Tokens read between two looks at whether the caller is still there: half a second on one core. Batches of
# 128 and 512 take no less processor time in all.
PREFILL_BATCH = 64


class LlamaModel:
    """Up to `slots` generations at once, in the order of arrival, each with a whole context of its own.

    Making and dropping one holds Python's lock throughout (xllamacpp frees it in calls only): about a second
    of processor time to make, a tenth to drop, in which no other thread of the process runs.
    """

    def __init__(self, path: Path, *, context: int, slots: int, threads: int) -> None:
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = context * slots
        params.n_parallel = slots
        params.n_batch = params.n_ubatch = PREFILL_BATCH
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
        params.cache_ram_mib = 0
        params.warmup = False
        params.fit_params = False
        params.verbosity = -1
        # The library always opens a port of its own. A random key that nobody has closes it.
        params.api_keys = [secrets.token_hex(16)]
        params.ui = False
        params.n_threads_http = 1
        self._server = xllamacpp.Server(params)
        # A server that is dropped before its own thread runs waits for that thread for ever, with Python's
        # lock held; an answer proves that it runs.
        self._server.handle_completions({"prompt": "a", "n_predict": 1})
        self._slots = asyncio.Semaphore(slots)
        self._threads = ThreadPoolExecutor(slots, thread_name_prefix="llama")

    async def generate(self, prompt: GenerationPrompt) -> AsyncGenerator[str | Finish, None]:
        """See `TextGenerator`. A prompt longer than the context loses its oldest messages."""
        messages = list(prompt.messages)
        while True:
            async with self._slots, aclosing(self._attempt(prompt, messages)) as pieces:
                try:
                    async for piece in pieces:
                        yield piece
                except _Overflow as overflow:
                    if not prompt.truncate:
                        raise too_long() from None
                    messages = shorter(messages, tokens=overflow.tokens, context=overflow.context)
                else:
                    return

    async def _attempt(
        self, prompt: GenerationPrompt, messages: list[NativeMessage]
    ) -> AsyncGenerator[str | Finish, None]:
        body = {
            **_sampling(prompt.options),
            **_response_format(prompt.schema),
            "messages": [message.model_dump() for message in messages],
            "reasoning_format": "none",
            "stream": True,
            "return_progress": True,
        }
        reason = "stop"
        async with aclosing(self._chunks(body)) as chunks:
            async for chunk in chunks:
                if "error" in chunk:
                    raise _failure(chunk["error"])
                for choice in chunk["choices"]:
                    if text := choice["delta"].get("content"):
                        yield text
                    reason = choice["finish_reason"] or reason
                if timings := chunk.get("timings"):
                    yield _finish(reason, timings)

    async def _chunks(self, body: Chunk) -> AsyncGenerator[Chunk, None]:
        loop = asyncio.get_running_loop()
        received: asyncio.Queue[Chunk | Exception | None] = asyncio.Queue()
        abandoned = threading.Event()

        def forward(chunk: Chunk) -> bool:
            loop.call_soon_threadsafe(received.put_nowait, chunk)
            return abandoned.is_set()

        def work() -> None:
            last: Exception | None = None
            try:
                self._server.handle_chat_completions(body, forward)
            except Exception as error:  # noqa: BLE001  raised again on the event loop
                last = error
            loop.call_soon_threadsafe(received.put_nowait, last)

        running = loop.run_in_executor(self._threads, work)
        try:
            while (item := await received.get()) is not None:
                if isinstance(item, ValueError):
                    raise OllamaError(400, str(item)) from item
                if isinstance(item, Exception):
                    raise OllamaError(500, str(item)) from item
                yield item
        finally:
            abandoned.set()
            running.cancel()

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        # Frees the model, unless an abandoned generation still holds it to the end of its batch.
        del self._server


class _Overflow(Exception):
    def __init__(self, tokens: int, context: int) -> None:
        super().__init__(tokens, context)
        self.tokens = tokens
        self.context = context


def _failure(error: dict[str, Any]) -> Exception:
    if error.get("type") == "exceed_context_size_error":
        return _Overflow(error["n_prompt_tokens"], error["n_ctx"])
    return OllamaError(int(error.get("code", 500)), str(error.get("message", error)))


def _finish(reason: str, timings: dict[str, Any]) -> Finish:
    return Finish(
        "length" if reason == "length" else "stop",
        timings["cache_n"] + timings["prompt_n"],
        int(timings["prompt_ms"] * 1e6),
        timings["predicted_n"],
        int(timings["predicted_ms"] * 1e6),
    )


def _sampling(options: Options) -> Chunk:
    """Ollama's options in llama.cpp's words, with Ollama's defaults (`api.DefaultOptions`)."""
    defaults: Chunk = {
        "temperature": 0.8,
        "top_k": 40,
        "top_p": 0.9,
        "min_p": 0.0,
        "repeat_penalty": 1.1,
        "repeat_last_n": 64,
        "num_predict": -1,
    }
    chosen = defaults | options.model_dump(exclude_none=True, exclude={"num_ctx"})
    chosen["n_predict"] = chosen.pop("num_predict")
    if isinstance(chosen.get("stop"), str):
        chosen["stop"] = [chosen["stop"]]
    return chosen


def _response_format(schema: dict[str, Any] | None) -> Chunk:
    if schema is None:
        return {}
    if not schema:
        return {"response_format": {"type": "json_object"}}
    return {"response_format": {"type": "json_schema", "json_schema": {"schema": schema}}}
