"""Keys on a real database: made, changed, rotated, revoked, and heard of by other processes."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner

from app.cli import app as cli
from app.db.database import Database
from app.db.migrate import migrate
from app.db.notifications import NotificationListener
from app.domain.access.caller import AccessScope, Caller, with_included
from app.domain.access.keys import KeyGrant
from app.embedded.services.postgres import EmbeddedPostgres
from app.errors import Forbidden, InvalidInput, NotFound
from app.services.access.key_use import KeyUse
from app.services.access.keys import FoundKey, KeyService
from app.services.access.verified_keys import KEY_CHANNEL, VerifiedKeys
from tests.support.databases import fresh_database
from tests.support.waiting import until

PEPPER = ("a secret of the service",)
GRANT = KeyGrant("laptop", frozenset({AccessScope.WRITE}))
ADMIN = Caller("acme", "boss", with_included({AccessScope.ADMIN}))
OPERATOR = Caller("acme", "root", with_included({AccessScope.ADMIN, AccessScope.OPERATOR}))
DAY = timedelta(days=1)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = await Database.connect(database_url, min_size=0, max_size=2)
    yield database
    await database.close()


@pytest.fixture
def keys(database: Database) -> KeyService:
    return KeyService(database, PEPPER)


async def opened(keys: KeyService, secret: str) -> str | None:
    found = await keys.find(secret)
    return found.key.label if found else None


async def test_a_key_opens_its_tenant_until_it_is_revoked(database: Database, keys: KeyService) -> None:
    made = await keys.create("acme", GRANT)
    assert await keys.find(made.secret) == FoundKey(made.key, None)
    assert await keys.find(f"{made.secret}x") is None
    async with database.connection() as connection:
        row = await connection.fetchrow("SELECT * FROM api_keys")
    assert row is not None
    assert made.secret not in str(row)
    assert row["key_hash"] != hashlib.sha256(made.secret.encode()).digest()
    other = await keys.create("acme", KeyGrant("phone", frozenset({AccessScope.READ})))
    await keys.revoke(made.key.id)
    await keys.revoke(made.key.id)
    assert [await opened(keys, secret) for secret in (made.secret, other.secret)] == [None, "phone"]
    assert [key.revoked_at is None for key in (await keys.list("acme")).items] == [False, True]
    assert (await keys.list("other")).items == ()
    page = await keys.list(None, limit=1)
    assert [key.label for key in (await keys.list(None, cursor=page.next_cursor)).items] == ["phone"]


async def test_a_key_without_the_pepper_is_of_no_use(database: Database, keys: KeyService) -> None:
    made = await keys.create("acme", GRANT)
    assert await opened(KeyService(database), made.secret) is None
    rotated = KeyService(database, ("a newer secret of it", *PEPPER))
    assert await opened(rotated, made.secret) == "laptop"
    newer = await rotated.create("acme", GRANT)
    assert await opened(keys, newer.secret) is None
    plain = await KeyService(database).create("acme", GRANT)
    assert await opened(keys, plain.secret) == "laptop"


async def test_a_rotated_key_has_two_secrets_for_a_while(database: Database, keys: KeyService) -> None:
    first = await keys.create("acme", GRANT)
    second = await keys.rotate(first.key.id, grace=DAY)
    found = await keys.find(first.secret)
    assert found is not None
    assert found.valid_until == second.key.previous_until is not None
    assert await keys.find(second.secret) == FoundKey(second.key, None)
    third = await keys.rotate(first.key.id, grace=DAY)
    assert [await opened(keys, made.secret) for made in (first, second, third)] == [None, "laptop", "laptop"]
    fourth = await keys.rotate(first.key.id, grace=timedelta())
    assert [await opened(keys, made.secret) for made in (third, fourth)] == [None, "laptop"]
    assert (await keys.list("acme")).items[0].previous_until is None


async def test_a_key_ends_when_it_expires(database: Database, keys: KeyService) -> None:
    ends = datetime.now(UTC) + DAY
    made = await keys.create("acme", KeyGrant("guest", frozenset({AccessScope.READ}), expires_at=ends))
    found = await keys.find(made.secret)
    assert found is not None
    assert found.valid_until == ends
    async with database.connection() as connection:
        await connection.execute("UPDATE api_keys SET expires_at = now() - interval '1 second'")
    assert await keys.find(made.secret) is None


async def test_what_a_key_opens_can_be_changed(keys: KeyService) -> None:
    made = await keys.create("acme", GRANT)
    changed = await keys.change(made.key.id, {"scopes": frozenset({AccessScope.READ}), "collections": ("team-*",)})
    assert changed.grant() == KeyGrant("laptop", frozenset({AccessScope.READ}), ("team-*",))
    assert await keys.find(made.secret) == FoundKey(changed, None)
    with pytest.raises(NotFound):
        await keys.change(uuid4(), {"label": "x"})


@pytest.mark.parametrize(
    ("grant", "reason"),
    [
        (KeyGrant(" ", frozenset({AccessScope.READ})), "label"),
        (KeyGrant("x", frozenset()), "scopes"),
        (KeyGrant("x", frozenset({AccessScope.READ}), ()), "collections"),
        (KeyGrant("x", frozenset({AccessScope.READ}), ("a/b",)), "collections"),
        (KeyGrant("x", frozenset({AccessScope.ADMIN}), ("a",)), "collections"),
        (KeyGrant("x", frozenset({AccessScope.READ}), groups=("key:boss",)), "groups"),
        (KeyGrant("x", frozenset({AccessScope.READ}), expires_at=datetime(2020, 1, 1, tzinfo=UTC)), "expires_at"),
    ],
)
async def test_a_key_that_makes_no_sense_is_not_made(keys: KeyService, grant: KeyGrant, reason: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{reason}"):
        await keys.create("acme", grant)


async def test_nobody_gives_more_than_they_have(keys: KeyService) -> None:
    made = await keys.create("acme", GRANT, maker=ADMIN)
    with pytest.raises(Forbidden, match="operator"):
        await keys.create("acme", KeyGrant("x", frozenset({AccessScope.OPERATOR})), maker=ADMIN)
    with pytest.raises(Forbidden, match="operator"):
        await keys.change(made.key.id, {"scopes": frozenset({AccessScope.OPERATOR})}, maker=ADMIN)
    with pytest.raises(Forbidden, match="another tenant"):
        await keys.create("other", GRANT, maker=ADMIN)
    foreign = await keys.create("other", GRANT, maker=OPERATOR)
    above = await keys.create("acme", KeyGrant("root", frozenset({AccessScope.OPERATOR})), maker=OPERATOR)
    with pytest.raises(Forbidden):
        await keys.rotate(above.key.id, grace=DAY, maker=ADMIN)
    for attempt in (keys.revoke, lambda key, maker: keys.change(key, {"label": "mine"}, maker=maker)):
        with pytest.raises(NotFound):
            await attempt(foreign.key.id, maker=ADMIN)
    await keys.revoke(foreign.key.id, maker=OPERATOR)
    assert await opened(keys, foreign.secret) is None


async def test_the_last_use_of_a_key_is_stored(keys: KeyService) -> None:
    made = await keys.create("acme", GRANT)
    use = KeyUse(keys)
    await use.write()
    use.note(made.key.id)
    await use.close()
    [key] = (await keys.list("acme")).items
    assert key.last_used_at is not None
    await keys.used({made.key.id: datetime(2020, 1, 1, tzinfo=UTC)})
    assert (await keys.list("acme")).items[0].last_used_at == key.last_used_at


class Heard:
    """A channel that is alive."""

    live = True
    recent = True


async def test_a_change_is_heard_by_every_process(database_url: str, database: Database, keys: KeyService) -> None:
    verified = VerifiedKeys(keys, Heard())
    heard: list[str] = []

    def hear(key_id: str) -> None:
        heard.append(key_id)
        verified.forget(key_id)

    listening = asyncio.Event()

    async def ready(_connection: object) -> None:
        listening.set()

    listener = asyncio.create_task(NotificationListener(database_url, {KEY_CHANNEL: hear}, heartbeat=ready).run())
    await asyncio.wait_for(listening.wait(), 60)
    made = await keys.create("acme", GRANT)
    await until(lambda: heard)
    assert await verified.verify(made.secret) == made.key.caller()
    await keys.used({made.key.id: datetime.now(UTC)})
    await keys.revoke(made.key.id)
    await until(lambda: verified.known(made.secret) is None)
    assert await verified.verify(made.secret) is None
    async with database.connection() as connection:
        await connection.execute("UPDATE api_keys SET revoked_at = NULL")
    await until(lambda: len(heard) == 3)
    assert await verified.verify(made.secret) is not None
    assert set(heard) == {str(made.key.id)}
    listener.cancel()


async def test_the_keys_of_an_older_release_keep_all_that_they_could_do(postgres_server: EmbeddedPostgres) -> None:
    async with fresh_database(postgres_server, "template0") as url:
        await migrate(url, "0103")
        database = await Database.connect(url, min_size=0, max_size=1)
        async with database.connection() as connection:
            await connection.execute(
                "INSERT INTO api_keys (tenant, name, key_hash) VALUES ('acme', 'old', $1)",
                hashlib.sha256(b"lc_old").digest(),
            )
        await database.close()
        await migrate(url)
        database = await Database.connect(url, min_size=0, max_size=1)
        found = await KeyService(database, PEPPER).find("lc_old")
        await database.close()
    assert found is not None
    caller = found.key.caller()
    assert caller == Caller("acme", "old", frozenset(AccessScope), ("*",), frozenset({"key:old"}), found.key.id)


def run(*command: str) -> str:
    result = CliRunner().invoke(cli, ["keys", *command])
    return str(result.exception) if result.exception else result.output


def test_keys_are_looked_after_in_the_terminal(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    made = run(
        "create", "laptop", "--tenant", "acme", "-s", "read", "-c", "team-*", "-g", "staff", "--expires-in", "2"
    )
    assert re.fullmatch(r"lc_[\w-]{43}\n", made)
    listed = run("list")
    found = re.search(r"([0-9a-f-]{36}) +│ laptop +│ acme +│ read +│ team-\* +│ staff ", listed)
    assert found is not None
    assert made.strip() not in listed
    key = found[1]
    assert (
        run("change", key, "--label", "desk", "-s", "write", "-c", "*", "-g", "crew", "--expires-in", "3")
        == "Changed.\n"
    )
    assert re.search(r"desk +│ acme +│ write +│ \* +│ crew ", run("list"))
    assert re.fullmatch(r"lc_[\w-]{43}\n", run("rotate", key, "--grace", "0"))
    assert run("revoke", key) == "Revoked.\n"
    assert "revoked 20" in run("list")
    assert run("revoke", str(UUID(int=1))) == f"There is no key {UUID(int=1)}."
    assert "each is one of read, write" in run("create", "x", "-s", "all")
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    assert "cannot be reached. (DATABASE_URL)" in run("list")
