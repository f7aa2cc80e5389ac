"""Chats: one request to a model, and its reply as it is written."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from app.errors import ModelProtocolError
from app.ollama.catalog import Catalog
from app.ollama.endpoint import Endpoint
from app.ollama.instrumentation import ChatWatch, Observer
from app.ollama.protocol import ChatChunk, Json, parse_chat
from app.ollama.scheduling.dispatch import Call, Dispatcher
from app.ollama.scheduling.lanes import Lane, QueuedWork, Scheduler, SlotLease
from app.ollama.thinking import ThinkingReply

_CHARACTERS_PER_TOKEN = 4  # of English, roughly

# The first chunk of a chat, and a call for each following one.
_Opened = tuple[ChatChunk, Callable[[], Awaitable[ChatChunk]]]


class Chats:
    """Sends chats to the pool. Its `stream` is what `OllamaClient.chat` documents."""

    def __init__(
        self, catalog: Catalog, scheduler: Scheduler, dispatcher: Dispatcher, *, observer: Observer
    ) -> None:
        self._catalog = catalog
        self._scheduler = scheduler
        self._dispatcher = dispatcher
        self._observer = observer

    async def stream(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        model: str,
        temperature: float | None,
        max_tokens: int | None,
        stop: Sequence[str],
        sampling: Mapping[str, float | None],
        tools: Sequence[Mapping[str, Any]],
        schema: Mapping[str, Any] | None,
        thinking_tokens: int,
        num_ctx: int | None,
        truncate: bool,
        lane: Lane,
    ) -> AsyncGenerator[ChatChunk, None]:
        # Asked first, so that spans and metrics are made for models that exist, not for every name in a request.
        habit = await self._catalog.habit(model)
        reply = ThinkingReply(
            habit,
            max_tokens=max_tokens,
            thinking_tokens=thinking_tokens,
            prompt_tokens=sum(len(message["content"]) for message in messages) // _CHARACTERS_PER_TOKEN,
        )
        chosen = {
            **sampling,
            "num_ctx": num_ctx,
            "temperature": temperature,
            "num_predict": reply.limit,
            "stop": list(stop) or None,
        }
        options = {name: value for name, value in chosen.items() if value is not None}
        payload = {
            "model": model,
            "messages": messages,
            "stream": True,
            "think": reply.think,
            "truncate": truncate,
            "shift": False,  # when the context is full, end the answer, and do not forget its beginning
            "options": options or None,
            "tools": list(tools) or None,
            "format": "json" if schema == {} else schema,
        }
        with ChatWatch(model, self._observer) as watch:
            with watch.inside():
                (chunk, following), stack = await self._open(payload, model, lane)
            async with stack:
                while True:
                    try:
                        part = reply.feed(chunk)
                    finally:
                        if reply.found is not None and reply.found is not habit:
                            self._catalog.learn(model, reply.found)
                    watch.came(part)
                    yield part
                    if part.done:
                        return
                    with watch.inside():
                        chunk = await following()

    async def _open(self, payload: Mapping[str, Any], model: str, lane: Lane) -> tuple[_Opened, AsyncExitStack]:
        """Return the first chunk and a call for each following one, and the stack that ends the chat."""

        async def ask(lease: SlotLease, stack: AsyncExitStack) -> _Opened:
            request = lease.endpoint.lines("/api/chat", payload, model=model, operation="chat")
            async with lease.endpoint.vigil():
                lines = await stack.enter_async_context(request)
            following = partial(_next_chunk, lease.endpoint, lines)
            first = await following()
            self._scheduler.answered(lease)
            return first, following

        return await self._dispatcher.open(Call("chat", model, lane, QueuedWork.CHAT), ask)


async def _next_chunk(endpoint: Endpoint, lines: AsyncIterator[Json]) -> ChatChunk:
    async with endpoint.vigil():
        line = await anext(lines, None)
    if line is None:
        raise ModelProtocolError("The answer broke off before it was done.")
    return parse_chat(line)
