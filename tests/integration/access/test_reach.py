"""Lists and conversations within a key's reach, on a real database."""

import random
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from app.domain.access.caller import AccessScope, Caller, with_included
from app.domain.conversations import Exchange
from app.errors import NoCollection, NotFound
from app.services.access.collections import CollectionAccess
from app.services.conversations.conversations import ConversationService, new_conversation_id
from app.services.documents.collections import CollectionService
from tests.support.ingestion import TENANT, Desk

NARROW = Caller(TENANT, "narrow", with_included({AccessScope.WRITE}), ("team-*",))
WIDE = Caller(TENANT, "wide", with_included({AccessScope.WRITE}))
ADMIN = Caller(TENANT, "admin", with_included({AccessScope.ADMIN}))


class Uncached:
    """Collections, asked for each time."""

    def __init__(self, collections: CollectionService) -> None:
        self.resolve = collections.resolve

    def known(self, tenant: str, name: str) -> None:
        """Nothing is known without asking."""


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    desk = await Desk.open(database_url)
    yield desk
    await desk.database.close()


@pytest.fixture
def access(desk: Desk) -> CollectionAccess:
    return CollectionAccess(desk.database, Uncached(desk.collections), desk.documents)


async def test_lists_hold_only_what_is_within_reach(desk: Desk, access: CollectionAccess) -> None:
    for name in ("team-a", "team-b", "hr"):
        await desk.collections.create(TENANT, name)
    await desk.collections.create("other", "team-c")
    assert await access.readable(ADMIN) is None
    everything = await access.readable(WIDE)
    narrow = await access.readable(NARROW)
    assert everything is not None
    assert narrow is not None
    assert list(everything.names) == ["hr", "team-a", "team-b"]
    assert list(narrow.names) == ["team-a", "team-b"]
    page = await desk.collections.list(TENANT, within=narrow.names)
    assert [item.collection.name for item in page.items] == ["team-a", "team-b"]
    assert [item.collection.id for item in page.items] == list(narrow.ids)


async def test_a_document_beyond_reach_is_not_there(desk: Desk, access: CollectionAccess) -> None:
    secret = await desk.upload("salaries", "salaries.txt", "hr")
    own = await desk.upload("plans", "plans.txt", "team-a")
    for caller, seen in ((ADMIN, {secret.id, own.id}), (WIDE, {secret.id, own.id}), (NARROW, {own.id})):
        open_to = await access.readable(caller)
        page = await desk.documents.list(TENANT, within=None if open_to is None else open_to.names)
        assert {document.id for document in page.items} == seen
    await access.check_document(NARROW, own.id, write=True)
    for document in (secret.id, uuid4()):
        with pytest.raises(NotFound, match=f"There is no document {document}"):
            await access.check_document(NARROW, document)
    await access.check_write(NARROW, "team-z")
    for check in (access.check_read, access.check_write):
        with pytest.raises(NoCollection):
            await check(NARROW, "hr")


async def test_a_conversation_is_open_to_those_who_reach_all_that_it_rests_on(
    desk: Desk, access: CollectionAccess
) -> None:
    conversations = ConversationService(desk.database)
    for name in ("team-a", "team-b", "hr"):
        await desk.collections.create(TENANT, name)
    about = {
        "own": ("team-a", "team-b", "team-a"),
        "mixed": ("team-a", "hr"),
        "foreign": ("hr",),
        "lost": ("gone",),
    }
    ids: dict[UUID, str] = {}
    for name, collections in about.items():
        conversation = new_conversation_id()
        ids[conversation] = name
        for number, collection in enumerate(collections):
            exchange = Exchange(uuid4(), f"{name} {number}?", "Yes.", ())
            save = conversations.append if number else conversations.begin
            await save(TENANT, conversation, collection, exchange)
    for caller, seen in ((ADMIN, set(about)), (WIDE, {"own", "mixed", "foreign"}), (NARROW, {"own"})):
        open_to = await access.readable(caller)
        page = await conversations.list(TENANT, within=None if open_to is None else open_to.ids)
        assert {ids[item.id] for item in page.items} == seen
        for conversation, name in ids.items():
            if name in seen:
                await access.check_conversation(caller, conversation)
            else:
                with pytest.raises(NotFound):
                    await access.check_conversation(caller, conversation)


GROUPS = ("staff", "hr", "key:narrow")
Named = tuple[str, ...] | None


def opened(chance: random.Random) -> Named:
    return None if chance.random() < 0.4 else tuple(chance.sample(GROUPS, chance.randint(0, 2)))


async def test_lists_and_writes_keep_to_readers_and_writers(desk: Desk, access: CollectionAccess) -> None:
    chance = random.Random(7)
    names = ("team-a", "team-b", "hr")
    documents = {name: (await desk.upload(name, f"{name}.txt", name)).id for name in names}
    for _ in range(40):
        readers, writers = {name: opened(chance) for name in names}, {name: opened(chance) for name in names}
        for name in names:
            shown = await desk.collections.open_to(TENANT, name, readers=readers[name], writers=writers[name])
            assert (shown.collection.readers, shown.collection.writers) == (readers[name], writers[name])
        caller = replace(NARROW if chance.random() < 0.5 else WIDE, groups=frozenset(chance.sample(GROUPS, 2)))
        within = [name for name in names if name != "hr" or caller.collections == ("*",)]
        writing = [name for name in within if writers[name] and caller.groups & set(writers[name] or ())]
        reading = [
            name
            for name in within
            if readers[name] is None or caller.groups & set(readers[name] or ()) or name in writing
        ]
        writing += [name for name in reading if writers[name] is None]
        open_to = await access.readable(caller)
        assert open_to is not None
        assert sorted(open_to.names) == sorted(reading)
        page = await desk.documents.list(TENANT, within=open_to.names)
        assert {document.collection for document in page.items} == set(reading)
        for name, document in documents.items():
            for check, allowed in ((False, reading), (True, writing)):
                if name in allowed:
                    await access.check_document(caller, document, write=check)
                else:
                    with pytest.raises(NotFound):
                        await access.check_document(caller, document, write=check)
