"""Chats with a model by its own name."""

from collections.abc import AsyncGenerator, Mapping, Sequence

import numpy as np
import pytest

from app.domain.answers import Delta, Done, Event, Failed, Message, Start, Thinking
from app.domain.retrieval import Vector
from app.errors import InputTooLong, ModelProtocolError, ModelUnsuitable
from app.ollama.scheduling.lanes import Lane
from app.services.answering.direct import DirectRequest, DirectService
from app.services.answering.model_facts import ContextWindows
from tests.support.answering import Chunk, FakeModels


class Models(FakeModels):
    async def embed(self, texts: Sequence[str], *, model: str, lane: Lane) -> list[Vector]:
        self.lanes.append(lane)
        return [np.ones(1, dtype=np.float32) for _ in texts]

    async def capabilities(self, model: str) -> frozenset[str]:
        return self.able

    def __init__(self, *able: str, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]
        self.able = frozenset(able)
        self.lanes: list[Lane] = []

    def chat(self, messages: Sequence[Mapping[str, str]], **options: object) -> AsyncGenerator[Chunk, None]:
        return super().chat(messages, **options)


async def ask(models: Models, text: str = "Hello") -> list[Event]:
    service = DirectService(models, ContextWindows(models, longest=8192))
    return [event async for event in service.chat(DirectRequest((Message("user", text),), "big"))]


async def test_thoughts_and_words_come_as_events_of_their_own() -> None:
    events = await ask(Models(thoughts=["Hm."], reply=["Hello", " you."]))
    assert isinstance(events[0], Start)
    assert events[1:4] == [Thinking("Hm."), Delta("Hello"), Delta(" you.")]
    assert isinstance(events[-1], Done)


async def test_messages_that_cannot_fit_are_refused_before_the_model_is_asked() -> None:
    models = Models(context_length=131_072)
    with pytest.raises(InputTooLong, match=r"about \d{5} tokens; big is loaded with a context of 8192"):
        await ask(models, "harbour tide " * 30_000)
    assert models.calls == []


async def test_messages_are_never_cut_by_the_server() -> None:
    models = Models(too_long=1)
    with pytest.raises(InputTooLong):
        await ask(models)


@pytest.mark.parametrize(("length", "context"), [(131_072, 8192), (2048, 2048), (None, 8192)])
async def test_the_context_follows_the_model_up_to_the_setting(length: int | None, context: int) -> None:
    models = Models(context_length=length)
    await ask(models)
    assert [call["num_ctx"] for call in models.calls] == [context]


async def test_a_failure_after_the_first_word_is_the_last_event() -> None:
    events = await ask(Models(failure=ModelProtocolError("The answer broke off before it was done.")))
    assert isinstance(events[-1], Failed)


async def test_a_chat_model_is_not_asked_to_embed() -> None:
    models = Models("completion")
    with pytest.raises(ModelUnsuitable, match="big is not an embedding model"):
        await DirectService(models, ContextWindows(models)).embed(["text"], "big")
    assert models.lanes == []


@pytest.mark.parametrize("able", [("embedding",), ()])
async def test_one_text_goes_ahead_of_ingestion_and_many_go_beside_it(able: tuple[str, ...]) -> None:
    models = Models(*able)
    service = DirectService(models, ContextWindows(models))
    await service.embed(["text"], "small")
    assert len(await service.embed(["text"] * 65, "small")) == 65
    assert models.lanes == [Lane.INTERACTIVE, Lane.BULK, Lane.BULK]
