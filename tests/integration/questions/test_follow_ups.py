"""Follow-up questions are rewritten by the model, once, in a real database; by rules where there is none."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db.database import Database
from app.domain.answers import AnswerRequest, Message
from app.errors import ModelUnavailable, StoreUnavailable
from app.generation.prompting.history import turns_to_condense
from app.generation.prompting.prompt import PromptBuilder
from app.generation.prompting.tokens import estimate
from app.services.answering.histories import HistorySummarizer
from app.services.answering.model_facts import ContextWindows, ModelDigests
from app.services.answering.model_texts import ModelTexts
from app.services.answering.rewriting import FollowUpRewriter
from app.services.answering.writer import ModelWriter
from tests.support.answering import PARIS, FakeModels, FakeSurroundings, chunk

HISTORY = (Message("user", "Where is the Eiffel Tower?"), Message("assistant", "In Paris. [1]"))
BY_RULES = "Eiffel Tower How tall is it?"


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, min_size=1, max_size=4)
    yield database
    await database.close()


def rewriter(database: Database, models: FakeModels) -> FollowUpRewriter:
    return FollowUpRewriter(ModelTexts(database, models, ContextWindows(models), ModelDigests(models)))


def asked(question: str = "How tall is it?", **more: Any) -> AnswerRequest:
    common = {"tenant": "t", "history": HISTORY, "model": "m", "mode": "generate"}
    return AnswerRequest(collection="c", question=question, **{**common, **more})


async def test_the_model_rewrites_a_follow_up_and_is_asked_once_by_each_tenant(database: Database) -> None:
    models = FakeModels(["How tall is the ", "Eiffel Tower?"])
    for _ in range(2):
        assert await rewriter(database, models).standalone(asked()) == "How tall is the Eiffel Tower?"
    assert len(models.sent) == 1
    assert "assistant: In Paris. [1]" in models.sent[0][-1]["content"]
    await rewriter(database, models).standalone(asked(tenant="other"))
    await rewriter(database, models).standalone(asked(history=HISTORY[:1]))
    assert len(models.sent) == 3


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"history": ()}, "How tall is it?"),
        ({"question": "Which rivers flow through northern Italy?"}, "Which rivers flow through northern Italy?"),
        ({"mode": "quote"}, BY_RULES),
        ({"model": "smollm2:135m"}, BY_RULES),
    ],
)
async def test_no_model_is_asked_where_none_is_needed_or_worth_asking(
    database: Database, more: dict[str, Any], text: str
) -> None:
    models = FakeModels()
    assert await rewriter(database, models).standalone(asked(**more)) == text
    assert models.sent == []


@pytest.mark.parametrize(
    "models",
    [
        FakeModels(["Sure!\nHow tall is the Eiffel Tower?"]),
        FakeModels([" "]),
        FakeModels(failure=ModelUnavailable(".")),
    ],
)
async def test_rules_rewrite_where_the_model_fails_or_writes_anything_else(
    database: Database, models: FakeModels
) -> None:
    assert await rewriter(database, models).standalone(asked()) == BY_RULES


async def test_without_its_store_the_model_is_asked_all_the_same(database: Database) -> None:
    models = FakeModels(["How tall is the Eiffel Tower?"])
    rewriting = rewriter(database, models)
    await database.close()
    with pytest.raises(StoreUnavailable):
        async with database.connection():
            pass
    assert await rewriting.standalone(asked()) == "How tall is the Eiffel Tower?"


def said(exchanges: int) -> tuple[Message, ...]:
    turns: list[Message] = []
    for number in range(exchanges):
        turns += [
            Message("user", f"question {number}"),
            Message("assistant", f"answer {number} " + "and more " * 40),
        ]
    return tuple(turns)


async def test_what_does_not_fit_is_summarised_block_by_block_each_once(database: Database) -> None:
    models = FakeModels(["They spoke of towers."])
    texts = ModelTexts(database, models, ContextWindows(models), ModelDigests(models))
    histories = HistorySummarizer(texts)
    fitted, summarised = await histories.fitted(asked(history=said(12)), room=900)
    assert summarised == 16
    assert fitted[-1] == Message("system", "Earlier in this conversation: They spoke of towers.")
    assert [turn.content.split(" and")[0] for turn in fitted[:2]] == ["question 8", "answer 8"]
    assert "question 7" in models.sent[0][-1]["content"]
    assert len(models.sent) == 1
    await histories.fitted(asked(history=said(13)), room=900)
    assert len(models.sent) == 1
    _, summarised = await histories.fitted(asked(history=said(20)), room=900)
    assert summarised == 32
    assert "Summary of what was said before: They spoke of towers." in models.sent[1][-1]["content"]
    assert len(models.sent) == 2


@pytest.mark.parametrize(
    ("more", "room", "models"),
    [
        ({"history": said(2)}, 900, FakeModels()),
        ({"history": said(20)}, 100, FakeModels()),
        ({"history": said(20), "model": "smollm2:135m"}, 900, FakeModels()),
        ({"history": said(20)}, 900, FakeModels(failure=ModelUnavailable("."))),
    ],
)
async def test_history_stays_as_it_is_where_it_fits_or_nobody_can_summarise_it(
    database: Database, more: dict[str, Any], room: int, models: FakeModels
) -> None:
    texts = ModelTexts(database, models, ContextWindows(models), ModelDigests(models))
    request = asked(**more)
    assert await HistorySummarizer(texts).fitted(request, room) == (request.history, 0)


async def test_a_prompt_has_the_summary_and_the_answer_says_so(database: Database) -> None:
    models = FakeModels(["They spoke of towers."], context_length=2048)
    contexts = ContextWindows(models)
    writer = ModelWriter(
        models,
        prompts=PromptBuilder(),
        contexts=contexts,
        surroundings=FakeSurroundings(),
        histories=HistorySummarizer(ModelTexts(database, models, contexts, ModelDigests(models))),
    )
    prompt = await writer.prompt(asked(history=said(20)), "towers", [chunk(1, PARIS)])
    assert "Earlier in this conversation: They spoke of towers." in prompt.messages[0].content
    assert prompt.left_out is not None
    assert prompt.left_out.history == 0
    assert prompt.left_out.history_summarised > 0
    short = await writer.prompt(asked(history=said(1)), "towers", [chunk(1, PARIS)])
    assert short.left_out is None


SYSTEM = Message("system", "Be brief.")


@given(st.integers(0, 40), st.integers(0, 2000), st.booleans())
def test_every_turn_is_condensed_or_kept_and_blocks_stay_as_a_conversation_goes_on(
    exchanges: int, room: int, told: bool
) -> None:
    history = [*([SYSTEM] if told else []), *said(exchanges)]
    blocks, kept = turns_to_condense(history, room, estimate)
    turns = [turn for turn in history if turn.role != "system"]
    condensed = [turn for block in blocks for turn in block]
    if not blocks:
        assert kept == history
        return
    assert [turn for turn in kept if turn.role == "system"] == ([SYSTEM] if told else [])
    rest = [turn for turn in kept if turn.role != "system"]
    assert turns[len(turns) - len(rest) - len(condensed) :] == condensed + rest
    assert all(turns.index(block[0]) % 16 == 0 for block in blocks)
