"""Questions that found nothing, and verdicts on answers, as those who care for the documents read them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from app.db.database import Database
from app.domain.answers import NEAR_MISS, NO_CONTEXT
from app.domain.conversations import Exchange
from app.errors import InvalidInput
from app.services.conversations.conversations import ConversationService, new_conversation_id
from app.services.conversations.feedback import FeedbackService
from app.services.operations.analytics import AnalyticsService
from tests.support.ingestion import TENANT


class NoEvictor:
    async def evict(self, tenant: str, digest: str) -> int:
        return 0


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, min_size=1, max_size=2)
    yield database
    await database.close()


async def say(database: Database, question: str, finish_reason: str = "stop", *, collection: str = "c") -> Exchange:
    exchange = Exchange(uuid4(), question, f"About {question}", (), finish_reason)
    await ConversationService(database).begin(TENANT, new_conversation_id(), collection, exchange)
    return exchange


async def test_questions_that_found_nothing_are_counted_however_they_are_spelt(database: Database) -> None:
    for question in ("Where is Atlantis?", "where is ATLANTIS?", "Who am I?"):
        await say(database, question, NO_CONTEXT)
    await say(database, "Where is Atlantis?", NO_CONTEXT, collection="other")
    await say(database, "How deep is it?", NEAR_MISS)
    await say(database, "What is the capital of France?")
    analytics = AnalyticsService(database)
    found = await analytics.unanswered(TENANT, since=None, until=None, limit=10)
    assert [(item.question.lower(), item.collection, item.finish_reason, item.times) for item in found[:1]] == [
        ("where is atlantis?", "c", NO_CONTEXT, 2)
    ]
    assert {(item.question, item.finish_reason) for item in found[1:]} == {
        ("Where is Atlantis?", NO_CONTEXT),
        ("Who am I?", NO_CONTEXT),
        ("How deep is it?", NEAR_MISS),
    }
    assert len(await analytics.unanswered(TENANT, since=None, until=None, limit=2)) == 2
    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert await analytics.unanswered(TENANT, since=None, until=yesterday, limit=10) == []
    assert await analytics.unanswered("stranger", since=None, until=None, limit=10) == []
    with pytest.raises(InvalidInput):
        await analytics.unanswered(TENANT, since=yesterday, until=yesterday, limit=10)


async def test_how_an_answer_ended_is_part_of_its_conversation(database: Database) -> None:
    exchange = Exchange(uuid4(), "Where is Atlantis?", "Not here.", (), NO_CONTEXT)
    conversations, identity = ConversationService(database), new_conversation_id()
    await conversations.begin(TENANT, identity, "c", exchange)
    turns = (await conversations.get(TENANT, identity)).messages
    assert [turn.finish_reason async for turn in turns] == [None, NO_CONTEXT]


async def test_verdicts_are_listed_with_their_questions(database: Database) -> None:
    feedback = FeedbackService(database, NoEvictor())
    kept, forgotten = await say(database, "How many days?"), uuid4()
    await feedback.record(TENANT, kept.query_id, "up")
    await feedback.record(TENANT, kept.query_id, "down", "The year is wrong.")
    await feedback.record(TENANT, forgotten, "up")
    first = await feedback.list(TENANT, limit=2)
    assert [(item.query_id, item.question) for item in first.items] == [
        (forgotten, None),
        (kept.query_id, "How many days?"),
    ]
    assert (first.items[1].comment, first.items[1].answer) == ("The year is wrong.", "About How many days?")
    assert first.items[1].conversation_id is not None
    [last] = (await feedback.list(TENANT, limit=2, cursor=first.next_cursor)).items
    assert (last.verdict, last.question) == ("up", "How many days?")
    assert [item.verdict for item in (await feedback.list(TENANT, verdict="down")).items] == ["down"]
    assert (await feedback.list("stranger")).items == ()
