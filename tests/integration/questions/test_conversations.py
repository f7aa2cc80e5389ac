"""Conversations in a real database."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal
from uuid import UUID, uuid4

import orjson
import pytest

from app.db.database import Database
from app.db.tables import conversations
from app.domain.answers import Message
from app.domain.conversations import Exchange, Turn
from app.errors import InvalidInput, NotFound
from app.services.conversations.conversations import ConversationService, new_conversation_id

SOURCE = {"citation": 1, "chunk_id": 7, "filename": "cities.md", "page": 3, "section": "France", "quote": "Paris"}


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[ConversationService]:
    database = await Database.connect(database_url, min_size=1, max_size=4)
    yield ConversationService(database)
    await database.close()


def exchange(question: str = "What is the capital of France?", answer: str = "Paris. [1]") -> Exchange:
    return Exchange(uuid4(), question, answer, (SOURCE,))


async def begin(service: ConversationService, question: str = "Why?", *, tenant: str = "t") -> UUID:
    conversation_id = new_conversation_id()
    await service.begin(tenant, conversation_id, "c", exchange(question))
    return conversation_id


async def test_messages_are_read_in_the_order_they_were_said(service: ConversationService) -> None:
    conversation_id = await begin(service, "first")
    for number in range(5):
        await service.append("t", conversation_id, "c", exchange(f"question {number}", f"answer {number}"))
    history = await service.get("t", conversation_id)
    messages = [turn async for turn in history.messages]
    assert [turn.content for turn in messages[:4]] == ["first", "Paris. [1]", "question 0", "answer 0"]
    assert [turn.role for turn in messages] == ["user", "assistant"] * 6
    assert messages[1].sources == (SOURCE,)
    assert messages[0].sources == ()
    assert history.conversation.updated_at > history.conversation.created_at


async def test_a_long_conversation_is_recalled_whole(service: ConversationService) -> None:
    conversation_id = await begin(service)
    for number in range(15):
        await service.append("t", conversation_id, "c", exchange(f"question {number}", f"answer {number}"))
    recalled = await service.recall("t", conversation_id)
    assert len(recalled) == 32
    assert recalled[0] == Message("user", "Why?")
    assert recalled[-1] == Message("assistant", "answer 14")


async def test_the_first_question_gives_the_title(service: ConversationService) -> None:
    conversation_id = await begin(service, "What  is\nthe capital " + "of a country far away " * 10)
    title = (await service.get("t", conversation_id)).conversation.title
    assert title.startswith("What is the capital of a country")
    assert title.endswith("…")
    assert len(title) <= 80


async def messages_of(service: ConversationService, conversation_id: UUID, tenant: str = "t") -> list[Turn]:
    return [turn async for turn in (await service.get(tenant, conversation_id)).messages]


@pytest.mark.parametrize("messages", [2, 38, 40, 42])
async def test_a_long_conversation_is_read_some_messages_at_a_time_and_none_is_lost(
    service: ConversationService, monkeypatch: pytest.MonkeyPatch, messages: int
) -> None:
    conversation_id = await begin(service, "question 0")
    for number in range(1, messages // 2):
        await service.append("t", conversation_id, "c", exchange(f"question {number}"))
    read: list[int] = []
    turns_after = conversations.turns_after

    async def counted(*given: Any) -> list[Turn]:
        read.append(len(turns := await turns_after(*given)))
        return turns

    monkeypatch.setattr(conversations, "turns_after", counted)
    found = [turn.content for turn in await messages_of(service, conversation_id) if turn.role == "user"]
    assert found == [f"question {number}" for number in range(messages // 2)]
    assert (sum(read), max(read)) == (messages, min(messages, 20))
    formats: tuple[Literal["markdown", "json"], ...] = ("markdown", "json")
    for format_ in formats:
        pieces = [piece async for piece in (await service.export("t", conversation_id, format_)).pieces]
        assert len(pieces) > messages
        assert max(map(len, pieces)) < 1000


async def test_conversations_are_listed_the_newest_first_page_by_page(service: ConversationService) -> None:
    made = []
    for _ in range(5):
        made.append(await begin(service))
        await asyncio.sleep(0.002)  # ids sort by the millisecond
    first = await service.list("t", limit=3)
    second = await service.list("t", limit=3, cursor=first.next_cursor)
    assert [item.id for item in (*first.items, *second.items)] == made[::-1]
    assert second.next_cursor is None
    with pytest.raises(InvalidInput):
        await service.list("t", cursor="nonsense")


async def test_rename_and_delete(service: ConversationService) -> None:
    conversation_id = await begin(service)
    assert (await service.rename("t", conversation_id, " Capitals ")).title == "Capitals"
    with pytest.raises(InvalidInput):
        await service.rename("t", conversation_id, "  ")
    await service.delete("t", conversation_id)
    assert (await service.list("t")).items == ()
    for call in (service.get, service.recall, service.delete):
        with pytest.raises(NotFound):
            await call("t", conversation_id)
    with pytest.raises(NotFound):
        await service.rename("t", conversation_id, "Gone")
    with pytest.raises(NotFound):
        await service.append("t", conversation_id, "c", exchange())


async def test_a_tenant_sees_nothing_of_another(service: ConversationService) -> None:
    conversation_id = await begin(service, tenant="theirs")
    assert (await service.list("t")).items == ()
    for call in (service.get, service.recall, service.delete, service.export):
        with pytest.raises(NotFound):
            await call("t", conversation_id)
    with pytest.raises(NotFound):
        await service.append("t", conversation_id, "c", exchange())
    assert len(await messages_of(service, conversation_id, "theirs")) == 2


async def test_export_as_markdown_and_json(service: ConversationService) -> None:
    conversation_id = await begin(service, "What is it?")
    text = await service.export("t", conversation_id, "markdown")
    assert (text.filename, text.media_type) == ("What-is-it.md", "text/markdown")
    exchange_text = "## Question\n\nWhat is it?\n\n## Answer\n\nParis. [1]\n\n- [1] cities.md, page 3, France\n"
    assert exchange_text in b"".join([piece async for piece in text.pieces]).decode()
    data = await service.export("t", conversation_id, "json")
    assert (data.filename, data.media_type) == ("What-is-it.json", "application/json")
    exported = orjson.loads(b"".join([piece async for piece in data.pieces]))
    assert exported["conversation"]["id"] == str(conversation_id)
    assert [message["content"] for message in exported["messages"]] == ["What is it?", "Paris. [1]"]


async def three(service: ConversationService) -> tuple[UUID, list[UUID]]:
    """A conversation of three exchanges, and their query ids."""
    conversation_id = await begin(service, "first")
    for question in ("second", "third"):
        await service.append("t", conversation_id, "c", exchange(question))
    turns = await messages_of(service, conversation_id)
    return conversation_id, [turn.query_id for turn in turns if turn.role == "user" and turn.query_id]


async def questions(service: ConversationService, conversation_id: UUID) -> list[str]:
    return [turn.content for turn in await messages_of(service, conversation_id) if turn.role == "user"]


async def test_one_exchange_is_deleted_and_the_others_stay(service: ConversationService) -> None:
    conversation_id, asked = await three(service)
    await service.delete_exchange("t", conversation_id, asked[1])
    assert await questions(service, conversation_id) == ["first", "third"]
    assert len(await messages_of(service, conversation_id)) == 4
    for tenant, wanted in (("t", asked[1]), ("other", asked[0])):
        with pytest.raises(NotFound):
            await service.delete_exchange(tenant, conversation_id, wanted)


async def test_a_branch_takes_over_what_was_said_before_and_leaves_the_other_alone(
    service: ConversationService,
) -> None:
    conversation_id, asked = await three(service)
    whole = await service.branch("t", conversation_id)
    part = await service.branch("t", conversation_id, before=asked[1], title=" Another way ")
    await service.append("t", part.id, "c", exchange("otherwise"))
    assert await questions(service, whole.id) == ["first", "second", "third"]
    assert (part.title, part.collection) == ("Another way", "c")
    assert await questions(service, part.id) == ["first", "otherwise"]
    assert await questions(service, conversation_id) == ["first", "second", "third"]
    with pytest.raises(NotFound):
        await service.branch("t", conversation_id, before=uuid4())
    with pytest.raises(NotFound):
        await service.branch("other", conversation_id)
    with pytest.raises(InvalidInput):
        await service.branch("t", conversation_id, title=" ")


async def test_an_exchange_takes_the_place_of_one_and_of_all_after_it(service: ConversationService) -> None:
    conversation_id, asked = await three(service)
    recalled = await service.recall("t", conversation_id, asked[1])
    assert [message.content for message in recalled] == ["first", "Paris. [1]", "second"]
    await service.append("t", conversation_id, "c", exchange("second, better"), asked[1])
    assert await questions(service, conversation_id) == ["first", "second, better"]
    for call in (
        service.recall("t", conversation_id, asked[2]),
        service.append("t", conversation_id, "c", exchange(), asked[2]),
    ):
        with pytest.raises(NotFound):
            await call


async def test_conversations_are_found_by_the_words_in_their_title_and_messages(
    service: ConversationService,
) -> None:
    ferry = await begin(service, "When does the ferry leave?")
    await service.append(
        "t", ferry, "c", exchange("And on Sundays?", "At 100% low_water only. " + "Then it waits. " * 30)
    )
    leave = await begin(service, "Wie viele Urlaubstage gibt es?")
    await begin(service, "When does the ferry leave?", tenant="theirs")

    async def found(words: str) -> list[UUID]:
        return [item.id for item in (await service.list("t", words=words)).items]

    assert await found("FERRY") == [ferry]
    assert await found("sundays ferry") == [ferry]
    assert await found("urlaub") == [leave]
    assert await found("ferry urlaub") == []
    assert await found("100%") == [ferry]
    assert await found("1_0") == []
    assert await found("low_water") == [ferry]
    assert await found("  ") == [leave, ferry]
    (item,) = (await service.list("t", words="waits")).items
    assert item.excerpt is not None
    assert item.excerpt.endswith("…")
    assert "waits" in item.excerpt
    assert len(item.excerpt) <= 162
