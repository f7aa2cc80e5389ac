"""Conversations: stores questions with their answers, and gives them back."""

import re
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Literal
from uuid import UUID

import orjson

from app.db.database import Database
from app.db.tables import conversations
from app.domain.answers import Message
from app.domain.conversations import Conversation, ConversationHistory, Exchange, Export, Turn
from app.errors import InvalidInput, NotFound
from app.services.pagination import Page, page_of, uuid_of

ExportFormat = Literal["markdown", "json"]

_TITLE_CHARACTERS = 80
# More than any conversation has; of an endless one, the newest.
_RECALLED_MESSAGES = 1000
# Messages of a long conversation that are in memory at once.
_MESSAGES_AT_ONCE = 20
# Words of a search, and characters shown of the message that it found.
_MOST_WORDS = 12
_EXCERPT_CHARACTERS = 160


class ConversationService:
    """Stores the conversations of tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self,
        tenant: str,
        *,
        limit: int = 50,
        cursor: str | None = None,
        words: str = "",
        within: Sequence[int] | None = None,
    ) -> Page[Conversation]:
        """Return conversations, the newest first. `cursor` is the last id of the page before.

        With `words`, only those that hold each of the words in their title or their messages; with `within`, those
        that rest on the collections of these ids and no others.
        """
        before = uuid_of(cursor)
        wanted = words.split()[:_MOST_WORDS]
        async with self._database.connection() as connection:
            found = await conversations.page(
                connection, tenant, before=before, limit=limit + 1, words=wanted, within=within
            )
        shown = [replace(item, excerpt=item.excerpt and _around(item.excerpt, wanted)) for item in found]
        return page_of(shown, limit, lambda item: item.id)

    async def get(self, tenant: str, conversation_id: UUID) -> ConversationHistory:
        """Return a conversation with all its messages, the oldest first."""
        async with self._database.connection() as connection:
            found = await conversations.get(connection, tenant, conversation_id)
        if found is None:
            raise _absent()
        return ConversationHistory(found, self._turns(conversation_id))

    async def _turns(self, conversation_id: UUID) -> AsyncIterator[Turn]:
        """Read messages some at a time: no connection is held while a slow client reads."""
        after: UUID | None = None
        while True:
            async with self._database.connection() as connection:
                turns = await conversations.turns_after(connection, conversation_id, after, _MESSAGES_AT_ONCE)
            for turn in turns:
                yield turn
            if len(turns) < _MESSAGES_AT_ONCE:
                return
            after = turns[-1].id

    async def recall(self, tenant: str, conversation_id: UUID, replaces: UUID | None = None) -> tuple[Message, ...]:
        """Return the newest messages in the form that a model reads, the oldest of them first.

        With `replaces`, the query id of an exchange, the messages before it and its question as the last.

        Raises:
            NotFound: there is no such conversation or exchange.
        """
        async with self._database.connection() as connection:
            if await conversations.get(connection, tenant, conversation_id) is None:
                raise _absent()
            asked = None
            if replaces is not None:
                asked = await conversations.question(connection, conversation_id, replaces)
                if asked is None:
                    raise _no_exchange()
            turns = await conversations.turns(
                connection, conversation_id, newest=_RECALLED_MESSAGES, before=asked.id if asked else None
            )
        return tuple(Message(turn.role, turn.content) for turn in [*turns, *([asked] if asked else [])])

    async def begin(self, tenant: str, conversation_id: UUID, collection: str, exchange: Exchange) -> None:
        """Store a new conversation with its first exchange. The question becomes its title."""
        title = _shorten(exchange.question)
        async with self._database.transaction() as connection:
            await conversations.insert(connection, tenant, conversation_id, collection=collection, title=title)
            await conversations.add_exchange(connection, tenant, conversation_id, exchange)

    async def append(
        self,
        tenant: str,
        conversation_id: UUID,
        collection: str,
        exchange: Exchange,
        replaces: UUID | None = None,
    ) -> None:
        """Store an exchange as the last one, in the place of the one called `replaces` and of all after it.

        It may be about another collection than those before.

        Raises:
            NotFound: there is no such conversation or exchange.
        """
        async with self._database.transaction() as connection:
            if not await conversations.touch(connection, tenant, conversation_id, collection=collection):
                raise _absent()
            if replaces is not None:
                old = await conversations.question(connection, conversation_id, replaces)
                if old is None:
                    raise _no_exchange()
                await conversations.delete_from(connection, conversation_id, old.id)
            await conversations.add_exchange(connection, tenant, conversation_id, exchange)

    async def delete_exchange(self, tenant: str, conversation_id: UUID, query_id: UUID) -> None:
        """Delete a question with its answer.

        Raises:
            NotFound: there is no such conversation or exchange.
        """
        async with self._database.transaction() as connection:
            if not await conversations.touch(connection, tenant, conversation_id):
                raise _absent()
            if not await conversations.delete_exchange(connection, conversation_id, query_id):
                raise _no_exchange()

    async def branch(
        self, tenant: str, conversation_id: UUID, *, before: UUID | None = None, title: str | None = None
    ) -> Conversation:
        """Make a conversation that begins like another, and goes its own way from then on.

        Args:
            tenant: whose conversation it is.
            conversation_id: the other one.
            before: the query id of the first exchange that is left out; None: all are taken over.
            title: of the new conversation; the other one's by default.

        Raises:
            NotFound: there is no such conversation or exchange.
        """
        made = new_conversation_id()
        async with self._database.transaction() as connection:
            original = await conversations.get(connection, tenant, conversation_id)
            if original is None:
                raise _absent()
            first = None
            if before is not None:
                first = await conversations.question(connection, conversation_id, before)
                if first is None:
                    raise _no_exchange()
            named = _given(title) if title is not None else original.title
            await conversations.copy(
                connection, conversation_id, made, title=named, before=first.id if first else None
            )
            return await conversations.require(connection, tenant, made)

    async def rename(self, tenant: str, conversation_id: UUID, title: str) -> Conversation:
        async with self._database.connection() as connection:
            renamed = await conversations.rename(connection, tenant, conversation_id, _given(title))
        if renamed is None:
            raise _absent()
        return renamed

    async def delete(self, tenant: str, conversation_id: UUID) -> None:
        async with self._database.connection() as connection:
            if not await conversations.delete(connection, tenant, conversation_id):
                raise _absent()

    async def export(
        self,
        tenant: str,
        conversation_id: UUID,
        format: ExportFormat = "markdown",  # noqa: A002 - the name in the API
    ) -> Export:
        history = await self.get(tenant, conversation_id)
        name = re.sub(r"[^\w-]+", "-", history.conversation.title).strip("-") or "conversation"
        if format == "json":
            return Export(f"{name}.json", "application/json", _json(history))
        return Export(f"{name}.md", "text/markdown", _markdown(history))


def new_conversation_id() -> UUID:
    """Return a version 7 UUID: ids sort by the time of their making (RFC 9562 §5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    return UUID(int=milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62))


async def _json(history: ConversationHistory) -> AsyncIterator[bytes]:
    yield b'{"conversation": ' + orjson.dumps(history.conversation) + b',\n "messages": ['
    separator = b"\n  "
    async for turn in history.messages:
        yield separator + orjson.dumps(turn)
        separator = b",\n  "
    yield b"\n]}\n"


async def _markdown(history: ConversationHistory) -> AsyncIterator[bytes]:
    about = f"Collection `{history.conversation.collection}`, {history.conversation.created_at:%Y-%m-%d %H:%M} UTC"
    yield f"# {history.conversation.title}\n\n{about}\n".encode()
    async for turn in history.messages:
        parts = ["", f"## {'Question' if turn.role == 'user' else 'Answer'}", turn.content]
        if turn.sources:
            parts.append(_sources(turn))
        yield ("\n\n".join(parts)[1:] + "\n").encode()


def _sources(turn: Turn) -> str:
    lines = []
    for source in turn.sources:
        place = [str(source["filename"])]
        if source.get("page") is not None:
            place.append(f"page {source['page']}")
        if source.get("section"):
            place.append(str(source["section"]))
        lines.append(f"- [{source['citation']}] {', '.join(place)}")
    return "\n".join(lines)


def _shorten(question: str) -> str:
    line = " ".join(question.split())
    if len(line) <= _TITLE_CHARACTERS:
        return line
    return line[: _TITLE_CHARACTERS - 1].rsplit(" ", 1)[0] + "…"


def _given(title: str) -> str:
    title = title.strip()
    if not title:
        raise InvalidInput("title: must not be blank.")
    return title


def _around(content: str, words: Sequence[str]) -> str:
    """The words of a message around the first place where one of the words stands."""
    line = " ".join(content.split())
    folded = line.lower()
    at = min((place for word in words if (place := folded.find(word.lower())) >= 0), default=0)
    start = max(0, at - _EXCERPT_CHARACTERS // 3)
    end = start + _EXCERPT_CHARACTERS
    return f"{'…' if start else ''}{line[start:end].strip()}{'…' if end < len(line) else ''}"


def _absent() -> NotFound:
    return NotFound("There is no such conversation.")


def _no_exchange() -> NotFound:
    return NotFound("The conversation has no such exchange.")
