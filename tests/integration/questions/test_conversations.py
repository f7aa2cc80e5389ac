"""Conversations in a real database."""

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import orjson
import pytest

from app.db.database import Database
from app.domain.answers import Message
from app.domain.conversations import Exchange
from app.errors import InvalidInput, NotFound
from app.services.answering.conversations import ConversationService, new_conversation_id

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
        await service.append("t", conversation_id, exchange(f"question {number}", f"answer {number}"))
    history = await service.get("t", conversation_id)
    assert [turn.content for turn in history.messages[:4]] == ["first", "Paris. [1]", "question 0", "answer 0"]
    assert [turn.role for turn in history.messages] == ["user", "assistant"] * 6
    assert history.messages[1].sources == (SOURCE,)
    assert history.messages[0].sources == ()
    assert history.conversation.updated_at > history.conversation.created_at


async def test_a_long_conversation_is_recalled_by_its_newest_messages(service: ConversationService) -> None:
    conversation_id = await begin(service)
    for number in range(15):
        await service.append("t", conversation_id, exchange(f"question {number}", f"answer {number}"))
    recalled = await service.recall("t", conversation_id)
    assert len(recalled) == 20
    assert recalled[0] == Message("user", "question 5")
    assert recalled[-1] == Message("assistant", "answer 14")


async def test_the_first_question_gives_the_title(service: ConversationService) -> None:
    conversation_id = await begin(service, "What  is\nthe capital " + "of a country far away " * 10)
    title = (await service.get("t", conversation_id)).conversation.title
    assert title.startswith("What is the capital of a country")
    assert title.endswith("…")
    assert len(title) <= 80


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
        await service.append("t", conversation_id, exchange())


async def test_a_tenant_sees_nothing_of_another(service: ConversationService) -> None:
    conversation_id = await begin(service, tenant="theirs")
    assert (await service.list("t")).items == ()
    for call in (service.get, service.recall, service.delete, service.export):
        with pytest.raises(NotFound):
            await call("t", conversation_id)
    with pytest.raises(NotFound):
        await service.append("t", conversation_id, exchange())
    assert len((await service.get("theirs", conversation_id)).messages) == 2


async def test_export_as_markdown_and_json(service: ConversationService) -> None:
    conversation_id = await begin(service, "What is it?")
    text = await service.export("t", conversation_id, "markdown")
    assert (text.filename, text.media_type) == ("What-is-it.md", "text/markdown")
    exchange_text = "## Question\n\nWhat is it?\n\n## Answer\n\nParis. [1]\n\n- [1] cities.md, page 3, France\n"
    assert exchange_text in text.data.decode()
    data = await service.export("t", conversation_id, "json")
    assert (data.filename, data.media_type) == ("What-is-it.json", "application/json")
    exported = orjson.loads(data.data)
    assert exported["conversation"]["id"] == str(conversation_id)
    assert [message["content"] for message in exported["messages"]] == ["What is it?", "Paris. [1]"]
