"""Collections by name: remembered while notifications are heard, asked for otherwise, never waited for in vain."""

from typing import Any

import pytest

from app.cache.freshness.corpus_versions import NoServer, VersionWatch
from app.domain.documents import Collection
from app.errors import NotFound, StoreUnavailable
from app.services.documents.collection_cache import CollectionCache
from tests.support.cache.assembly import Clock
from tests.support.fakes.documents import collection

TENANT = "default"


class Stored:
    """A `CollectionService` whose database can be away."""

    def __init__(self) -> None:
        self.away = False
        self.asked = 0

    async def resolve(self, tenant: str, name: str) -> Collection:
        self.asked += 1
        if self.away:
            raise StoreUnavailable("away")
        if name == "none":
            raise NotFound("none")
        return collection(name).collection

    async def version(self, _collection: int) -> int:
        if self.away:
            raise NoServer
        return 4


@pytest.fixture
def stored() -> Stored:
    return Stored()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(stored: Stored, clock: Clock) -> VersionWatch:
    watch = VersionWatch(stored.version, clock=clock)
    watch.heard({1: 4}, clock())
    return watch


@pytest.fixture
def directory(stored: Any, watch: VersionWatch) -> CollectionCache:
    return CollectionCache(stored, watch)


async def test_a_collection_is_asked_for_once_while_notifications_are_heard(
    directory: CollectionCache, stored: Stored
) -> None:
    for _ in range(3):
        assert (await directory.resolve(TENANT, "docs")).name == "docs"
    assert stored.asked == 1
    directory.forget()
    await directory.resolve(TENANT, "docs")
    assert stored.asked == 2


async def test_nothing_remembered_is_trusted_once_the_channel_is_lost(
    directory: CollectionCache, stored: Stored, watch: VersionWatch
) -> None:
    await directory.resolve(TENANT, "docs")
    watch.lost()
    assert directory.known(TENANT, "docs") is None
    await directory.resolve(TENANT, "docs")
    assert stored.asked == 2


async def test_a_remembered_collection_outlives_a_database_that_cannot_have_changed_it(
    directory: CollectionCache, stored: Stored, watch: VersionWatch, clock: Clock
) -> None:
    await directory.resolve(TENANT, "docs")
    watch.lost()
    stored.away = True
    assert (await directory.resolve(TENANT, "docs")).name == "docs"
    clock.now += 3600
    with pytest.raises(StoreUnavailable):
        await directory.resolve(TENANT, "docs")


async def test_a_silent_database_is_asked_by_one_request_and_the_others_do_not_wait(
    directory: CollectionCache, stored: Stored
) -> None:
    stored.away = True
    for _ in range(5):
        with pytest.raises(StoreUnavailable):
            await directory.resolve(TENANT, "docs")
    assert stored.asked == 1


async def test_a_word_from_the_database_ends_that_at_once(directory: CollectionCache, stored: Stored) -> None:
    stored.away = True
    with pytest.raises(StoreUnavailable):
        await directory.resolve(TENANT, "docs")
    stored.away = False
    directory.forget()
    assert (await directory.resolve(TENANT, "docs")).name == "docs"


async def test_a_name_that_is_not_there_says_nothing_against_the_database(
    directory: CollectionCache, stored: Stored
) -> None:
    for _ in range(3):
        with pytest.raises(NotFound):
            await directory.resolve(TENANT, "none")
    assert stored.asked == 3
