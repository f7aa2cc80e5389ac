"""Verified keys in memory: asked for once while notifications are heard, and trusted as far as can be proven."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from app.cache.freshness.corpus_versions import NoServer, VersionWatch
from app.domain.access.caller import AccessScope, Caller
from app.domain.access.keys import ApiKey
from app.errors import StoreUnavailable
from app.services.access.keys import FoundKey, KeyService
from app.services.access.verified_keys import VerifiedKeys
from tests.support.cache.assembly import Clock

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
KEY = ApiKey(UUID(int=1), "acme", "laptop", frozenset({AccessScope.WRITE}), ("*",), ("staff",), NOW)
SECRET = "lc_secret"
OWNER = Caller(
    "acme",
    "laptop",
    frozenset({AccessScope.READ, AccessScope.WRITE}),
    ("*",),
    frozenset({"staff", "key:laptop"}),
    KEY.id,
)


class Stored(KeyService):
    """Keys by their secrets, in a database that can be away."""

    def __init__(self) -> None:
        self.found: dict[str, FoundKey] = {SECRET: FoundKey(KEY, None)}
        self.asked = 0
        self.away: BaseException | None = None

    async def find(self, secret: str) -> FoundKey | None:
        self.asked += 1
        if self.away is not None:
            raise StoreUnavailable("away") from self.away
        return self.found.get(secret)


@pytest.fixture
def stored() -> Stored:
    return Stored()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(clock: Clock) -> VersionWatch:
    async def no_server(_collection: int) -> int:
        raise NoServer

    watch = VersionWatch(no_server, clock=clock)
    watch.heard({}, clock())
    return watch


@pytest.fixture
def keys(stored: Stored, watch: VersionWatch) -> VerifiedKeys:
    return VerifiedKeys(stored, watch)


async def test_a_key_is_asked_for_once_while_notifications_are_heard(keys: VerifiedKeys, stored: Stored) -> None:
    assert keys.known(SECRET) is None
    assert [await keys.verify(SECRET) for _ in range(3)] == [OWNER] * 3
    assert keys.known(SECRET) == OWNER
    assert [await keys.verify("lc_unknown") for _ in range(3)] == [None] * 3
    assert keys.known("lc_unknown") is None
    assert stored.asked == 2


async def test_what_cannot_be_a_key_is_not_asked_for(keys: VerifiedKeys, stored: Stored) -> None:
    for secret in ("", "eyJhbGciOiJub25lIn0.e30.", f"lc_{'x' * 200}"):
        assert await keys.verify(secret) is None
    assert stored.asked == 0


async def test_a_changed_key_is_asked_for_again(keys: VerifiedKeys, stored: Stored) -> None:
    await keys.verify(SECRET)
    stored.found.clear()
    keys.forget(str(UUID(int=9)))
    assert keys.known(SECRET) == OWNER
    keys.forget(str(KEY.id))
    assert keys.known(SECRET) is None
    assert await keys.verify(SECRET) is None


async def test_an_unknown_key_is_asked_for_again_when_any_key_was_made(keys: VerifiedKeys, stored: Stored) -> None:
    found = stored.found.pop(SECRET)
    assert await keys.verify(SECRET) is None
    stored.found[SECRET] = found
    assert await keys.verify(SECRET) is None
    keys.forget(str(KEY.id))
    assert await keys.verify(SECRET) == OWNER


async def test_missed_notifications_leave_nothing_to_trust(keys: VerifiedKeys) -> None:
    await keys.verify(SECRET)
    keys.forget("")
    assert keys.known(SECRET) is None


async def test_a_change_while_a_key_is_asked_for_is_not_lost(watch: VersionWatch) -> None:
    class Changing(Stored):
        async def find(self, secret: str) -> FoundKey | None:
            found = await super().find(secret)
            verified.forget(str(KEY.id))
            return found

    verified = VerifiedKeys(Changing(), watch)
    assert await verified.verify(SECRET) == OWNER
    assert verified.known(SECRET) is None


async def test_each_request_asks_while_no_notification_is_heard(
    keys: VerifiedKeys, stored: Stored, watch: VersionWatch
) -> None:
    await keys.verify(SECRET)
    watch.lost()
    assert keys.known(SECRET) is None
    stored.found.clear()
    assert await keys.verify(SECRET) is None
    assert stored.asked == 2


async def test_a_key_that_was_asked_for_before_notifications_were_heard_is_not_remembered(
    keys: VerifiedKeys, watch: VersionWatch, clock: Clock
) -> None:
    watch.lost()
    assert await keys.verify(SECRET) == OWNER
    watch.heard({}, clock())
    assert keys.known(SECRET) is None


async def test_a_key_outlives_its_database_for_as_long_as_versions_do(
    keys: VerifiedKeys, stored: Stored, watch: VersionWatch, clock: Clock
) -> None:
    await keys.verify(SECRET)
    stored.away = ConnectionRefusedError()
    watch.lost()
    assert [await keys.verify(SECRET) for _ in range(2)] == [OWNER] * 2
    assert stored.asked == 2, "one question a second finds out whether the database is back"
    with pytest.raises(StoreUnavailable):
        await keys.verify("lc_another")
    clock.now += 301
    with pytest.raises(StoreUnavailable):
        await keys.verify(SECRET)


async def test_a_database_that_is_only_silent_may_have_changed_the_key(
    keys: VerifiedKeys, stored: Stored, watch: VersionWatch
) -> None:
    await keys.verify(SECRET)
    stored.away = TimeoutError()
    watch.lost()
    with pytest.raises(StoreUnavailable):
        await keys.verify(SECRET)


async def test_an_expired_key_opens_nothing_though_it_is_remembered(stored: Stored, watch: VersionWatch) -> None:
    used: list[UUID] = []
    keys = VerifiedKeys(stored, watch, used.append)
    stored.found[SECRET] = FoundKey(KEY, datetime(2020, 1, 1, tzinfo=UTC))
    assert await keys.verify(SECRET) is None
    assert keys.known(SECRET) is None
    assert await keys.verify(SECRET) is None
    assert used == []
    keys.forget("")
    stored.found[SECRET] = FoundKey(KEY, None)
    await keys.verify(SECRET)
    keys.known(SECRET)
    assert used == [KEY.id] * 2
