"""Chats with a model by its own name."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from app.domain.answers import Delta, Done, Failed, Start, Thinking
from app.domain.direct import DirectMessage, DirectRequest, Sampling, ToolCall, ToolCalls
from app.domain.retrieval import Vector
from app.errors import InputTooLong, InvalidInput, ModelProtocolError, ModelUnsuitable
from app.ollama.scheduling.lanes import Lane
from app.services.answering.direct import DirectEvent, DirectService
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

    def chat(self, messages: Sequence[Mapping[str, Any]], **options: object) -> AsyncGenerator[Chunk, None]:
        return super().chat(messages, **options)


async def ask(models: Models, text: str = "Hello", **request: Any) -> list[DirectEvent]:
    service = DirectService(models, ContextWindows(models, longest=8192))
    images = request.pop("images", ())
    asked = DirectRequest((DirectMessage("user", text, images),), "big", **request)
    return [event async for event in service.chat(asked)]


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


WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
NUMBER = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}


async def test_a_model_asks_for_functions_to_be_called() -> None:
    models = Models("completion", "tools", reply=[], tool_calls=(ToolCall("weather", {"place": "Bonn"}),))
    events = await ask(models, tools=(WEATHER,))
    assert ToolCalls((ToolCall("weather", {"place": "Bonn"}),)) in events
    assert models.calls[0]["tools"] == (WEATHER,)


async def test_sampling_reaches_the_model_as_it_was_asked_for() -> None:
    models = Models()
    await ask(models, sampling=Sampling(temperature=0.5, top_p=0.9, seed=3, max_tokens=7, stop=("END",)))
    assert {name: models.calls[0][name] for name in ("temperature", "max_tokens", "stop")} == {
        "temperature": 0.5,
        "max_tokens": 7,
        "stop": ("END",),
    }
    sampling = models.calls[0]["sampling"]
    assert isinstance(sampling, dict)
    assert (sampling["top_p"], sampling["seed"], sampling["presence_penalty"]) == (0.9, 3, None)


@pytest.mark.parametrize(
    ("request_", "what"), [({"images": ("aW1n",)}, "look at images"), ({"tools": (WEATHER,)}, "call functions")]
)
async def test_a_model_is_asked_only_for_its_abilities(request_: dict[str, Any], what: str) -> None:
    models = Models("completion")
    with pytest.raises(ModelUnsuitable, match=f"big cannot {what}"):
        await ask(models, **request_)
    assert models.calls == []


async def test_images_reach_a_model_that_sees() -> None:
    models = Models("completion", "vision")
    await ask(models, images=("aW1n",))
    assert models.sent[0][0]["images"] == ["aW1n"]


async def test_a_reply_that_fits_its_schema_is_done() -> None:
    events = await ask(Models(reply=['{"days"', ": 30}"]), schema=NUMBER)
    assert isinstance(events[-1], Done)


@pytest.mark.parametrize(
    ("reply", "schema", "why"),
    [
        ('{"days": "thirty"}', NUMBER, "does not fit the schema at days"),
        ('{"days": 30', NUMBER, "is not JSON"),
        ("[1]", {}, "does not fit the schema at its root"),
    ],
)
async def test_a_reply_that_breaks_its_schema_is_never_done(reply: str, schema: dict[str, Any], why: str) -> None:
    *_, last = await ask(Models(reply=[reply]), schema=schema)
    assert isinstance(last, Failed)
    assert why in last.problem["detail"]


@pytest.mark.parametrize("schema", [{"type": 5}, {"$ref": "http://127.0.0.1:1/schema"}])
async def test_a_schema_that_cannot_be_used_is_refused_and_nothing_is_fetched(schema: dict[str, Any]) -> None:
    models = Models()
    with pytest.raises(InvalidInput, match="The schema of the reply is no JSON Schema"):
        await ask(models, schema=schema)
    assert models.calls == []


class Wide(Models):
    async def embed(self, texts: Sequence[str], *, model: str, lane: Lane) -> list[Vector]:
        return [np.array([0.6, 0.0, 0.8], np.float32) for _ in texts]


async def test_vectors_are_shortened_where_the_model_was_trained_for_it() -> None:
    models = Wide("embedding")
    service = DirectService(models, ContextWindows(models))
    (vector,) = await service.embed(["text"], "nomic-embed-text:v1.5", dimensions=2)
    assert vector == pytest.approx([1.0, 0.0])
    assert len((await service.embed(["text"], "all-minilm", dimensions=3))[0]) == 3
    for model, dimensions in (("all-minilm", 2), ("nomic-embed-text", 4)):
        with pytest.raises(ModelUnsuitable, match=f"3 dimensions, not of {dimensions}"):
            await service.embed(["text"], model, dimensions=dimensions)
