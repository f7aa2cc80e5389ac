"""Answers from the real small model, over the real protocol."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.domain.answers import AnswerRequest, Delta, Done, Sources
from app.generation.prompting.prompt import PromptBuilder
from app.ollama.client import OllamaClient
from app.services.answering.service import AnswerService
from tests.support.answering import (
    PARIS,
    ROME,
    FakeConversations,
    FakeSearch,
    answer_pipeline,
    generated_by,
    retrieval,
)
from tests.support.waiting import until

ASKED = AnswerRequest("t", "c", "What is the capital of France?", max_tokens=12)


@pytest.fixture
async def models(model_server_url: str) -> AsyncIterator[OllamaClient]:
    client = OllamaClient([model_server_url], max_concurrency=1)
    yield client
    await client.aclose()


def service(models: OllamaClient) -> AnswerService:
    pipeline = answer_pipeline(FakeSearch(retrieval(PARIS, ROME)), models)
    return AnswerService(pipeline, FakeConversations(), complete=generated_by("smollm2:135m"))


async def test_the_model_answers_and_its_sources_are_cited(models: OllamaClient) -> None:
    answer = await service(models).collect(ASKED)
    assert "Paris" in answer.text
    assert {citation.chunk_id for citation in answer.citations} <= {1, 2}
    assert answer.done is not None
    assert answer.done.finish_reason in {"stop", "length"}
    assert answer.usage is not None
    assert 0 < answer.usage.output_tokens <= ASKED.max_tokens


async def test_the_same_question_gets_the_same_answer_and_its_prompt_was_not_underestimated(
    models: OllamaClient,
) -> None:
    first, second = [await service(models).collect(ASKED) for _ in range(2)]
    assert first.text == second.text
    prompt = PromptBuilder().build(
        ASKED.question,
        retrieval(PARIS, ROME).results,
        model="smollm2:135m",
        context=4096,
        max_tokens=ASKED.max_tokens,
    )
    assert first.usage is not None
    assert 0.5 * prompt.tokens < first.usage.input_tokens <= prompt.tokens


async def test_a_client_that_leaves_frees_the_only_slot(models: OllamaClient) -> None:
    before = asyncio.all_tasks()
    for _ in range(3):
        events = service(models).answer(AnswerRequest("t", "c", ASKED.question, max_tokens=400))
        async for event in events:
            if isinstance(event, Delta):
                break
        await events.aclose()
    last = [event async for event in service(models).answer(ASKED)]
    assert isinstance(last[-1], Done)
    assert any(isinstance(event, Sources) and len(event.items) == 2 for event in last)
    # httpx's generators end one inside the other, a tick each.
    await until(lambda: asyncio.all_tasks() == before)
