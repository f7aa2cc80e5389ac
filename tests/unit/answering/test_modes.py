"""What a question leaves open of the way it is answered its collection says, and after that the service."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.answers import AnswerRequest, AnswerStyle
from app.domain.documents import Collection, EmbeddingSpace
from app.errors import ModelNotFound
from app.services.answering.modes import AnswerModes

THEN = datetime(2026, 11, 1, tzinfo=UTC)
COLLECTION = Collection(1, "t", "c", "", "english", 1, EmbeddingSpace(1, "m", "d", 8, "", ""), THEN, THEN)
ASKED = AnswerRequest("t", "c", "What is amber?")


class Shelf:
    """A directory whose one collection wants `answer`."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    async def resolve(self, tenant: str, name: str) -> Collection:
        return replace(COLLECTION, tenant=tenant, name=name, settings={"answer": self.answer})


class Models:
    async def of(self, model: str) -> str:
        if model == "absent:7b":
            raise ModelNotFound("Pull it first.")
        return "sha256:1"


async def completed(
    answer: dict[str, Any], request: AnswerRequest = ASKED, *, model: str = "large:8b", mode: str = "auto"
) -> AnswerRequest:
    async def default() -> str:
        return model

    modes = AnswerModes(Shelf(answer), Models(), default_mode=mode, default_model=default)
    return await modes.complete(request)


WANTED: dict[str, Any] = {
    "passages": 9,
    "temperature": 0.7,
    "max_tokens": 99,
    "thinking": True,
    "max_context": 2048,
    "length": "brief",
    "language": "German",
    "tone": "formal",
    "instruction": "Give prices with VAT.",
    "order": "as_written",
}


async def test_what_a_collection_wants_shapes_its_answers() -> None:
    found = await completed(WANTED)
    assert (found.top_k, found.temperature, found.max_tokens) == (9, 0.7, 99)
    assert (found.thinking, found.max_context) == (True, 2048)
    assert found.style == AnswerStyle("brief", "German", "formal", "Give prices with VAT.", "as_written")


async def test_what_a_question_chooses_wins() -> None:
    given = frozenset({"top_k", "temperature", "thinking"})
    asked = replace(ASKED, top_k=3, temperature=0.0, style=AnswerStyle(language="Dutch"), given=given)
    found = await completed(WANTED, asked)
    assert (found.top_k, found.temperature, found.thinking, found.max_tokens) == (3, 0.0, False, 99)
    assert (found.style.language, found.style.tone) == ("Dutch", "formal")


@pytest.mark.parametrize(("more", "tokens"), [({}, 1536), ({"max_tokens": 60}, 60)])
async def test_a_detailed_answer_has_more_room(more: dict[str, Any], tokens: int) -> None:
    assert (await completed({"length": "detailed", **more})).max_tokens == tokens


@pytest.mark.parametrize(
    ("model", "mode"), [("large:8b", "generate"), ("smollm2:135m", "quote"), ("absent:7b", "quote")]
)
async def test_a_model_writes_if_it_is_there_and_worth_asking(model: str, mode: str) -> None:
    assert (await completed({}, model=model)).mode == mode


async def test_a_model_that_the_question_names_is_asked_however_small() -> None:
    assert (await completed({}, replace(ASKED, model="smollm2:135m"))).mode == "generate"


async def test_the_mode_of_the_question_goes_before_the_collections_and_that_before_the_services() -> None:
    assert (await completed({"mode": "generate"}, replace(ASKED, mode="quote"))).mode == "quote"
    assert (await completed({"mode": "quote"}, mode="generate")).mode == "quote"
    assert (await completed({}, mode="generate")).mode == "generate"
