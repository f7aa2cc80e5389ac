"""Nobody is served what they may not read, whatever was cached before, in which tier, and whoever asked for it."""

import json
import random
from dataclasses import dataclass, field, replace
from itertools import count
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from app.api.routers.search import search_hit
from app.domain.access.caller import AccessScope, Caller, with_included
from app.domain.documents import Collection
from app.domain.retrieval import Query, Retrieval, ScoredChunk
from app.errors import LocalChatError, NoCollection
from app.services.access.collections import CollectionAccess
from app.services.documents.collection_cache import CollectionCache
from app.services.search.cached import CachedSearch
from tests.support.cache.assembly import FakeVersions, assemble
from tests.support.cache.chain import Tier
from tests.support.fakes.documents import collection

SEQUENCES = 10_000
STEPS = 3
TENANTS = ("acme", "other")
NAMES = ("plans", "plans-2", "salaries")
GROUPS = ("staff", "hr", "board")
QUESTIONS = ("who?", "what?")


class Stored:
    """Collections of all tenants: what Postgres holds."""

    def __init__(self) -> None:
        numbers = count(1)
        self.found = {
            (tenant, name): replace(collection(name).collection, id=next(numbers), tenant=tenant)
            for tenant in TENANTS
            for name in NAMES
        }

    async def resolve(self, tenant: str, name: str) -> Collection:
        if (tenant, name) not in self.found:
            raise NoCollection(name)
        return self.found[tenant, name]


class Live:
    """A notification channel that is alive."""

    live = True

    async def current(self, _collection: int) -> int:
        return 1


class Search:
    """Finds one passage: the id of the collection that it stands in."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored

    async def search(self, query: Query) -> Retrieval:
        found = await self._stored.resolve(query.tenant, query.collection)
        passage = ScoredChunk(found.id, UUID(int=found.id), "a.txt", None, None, f"of {found.id}", 1.0, {})
        return Retrieval((passage,), None, None, None, (), 1, {})


@dataclass
class World:
    """Two replicas with a memory each, over one shared tier and one database."""

    stored: Stored = field(default_factory=Stored)
    replicas: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        shared = Tier()
        versions = FakeVersions(dict.fromkeys(range(1, 1 + len(self.stored.found)), 1))
        for _ in range(2):
            made = assemble([shared], versions=versions)
            directory = CollectionCache(self.stored, Live())  # type: ignore[arg-type]
            search = CachedSearch(Search(self.stored), directory, made.chain)  # type: ignore[arg-type]
            access = CollectionAccess(None, directory, None)  # type: ignore[arg-type]
            self.replicas.append(
                SimpleNamespace(search=search, access=access, directory=directory, tiers=made.tiers)
            )

    def change(self, chance: random.Random) -> None:
        """Open a collection to others, or give it another name."""
        tenant, name = chance.choice(list(self.stored.found))
        found = self.stored.found.pop((tenant, name))
        free = [other for other in NAMES if (tenant, other) not in self.stored.found]
        found = replace(found, name=chance.choice(free), readers=named(chance), writers=named(chance))
        self.stored.found[tenant, found.name] = found
        for replica in self.replicas:
            replica.directory.forget()

    async def ask(self, chance: random.Random) -> None:
        caller, replica, name = some_caller(chance), chance.choice(self.replicas), chance.choice(NAMES)
        body = {"query": chance.choice(QUESTIONS), "collection": name}
        fast = search_hit(replica, caller, json.dumps(body).encode())
        if fast is not None:
            self.check(caller, name, json.loads(fast.content)["results"][0]["text"])
        try:
            await replica.access.check_read(caller, name)
            found = await replica.search.find(Query(caller.tenant, name, body["query"]))
        except LocalChatError:
            assert not may_read(caller, self.stored.found.get((caller.tenant, name)))
            assert fast is None
        else:
            self.check(caller, name, json.loads(found.results)[0]["text"])

    def check(self, caller: Caller, name: str, text: str) -> None:
        found = self.stored.found[caller.tenant, name]
        assert text == f"of {found.id}"
        assert may_read(caller, found)


def may_read(caller: Caller, found: Collection | None) -> bool:
    """The rule, said another way."""
    if found is None:
        return False
    if AccessScope.ADMIN in caller.scopes:
        return True
    within = caller.collections == ("*",) or (caller.collections == ("plans*",) and found.name != "salaries")
    named = {*(found.readers or ()), *(found.writers or ())}
    return within and (found.readers is None or any(group in named for group in caller.groups))


def named(chance: random.Random) -> tuple[str, ...] | None:
    return None if chance.random() < 0.4 else tuple(chance.sample((*GROUPS, "key:bot"), chance.randint(0, 2)))


def some_caller(chance: random.Random) -> Caller:
    scope = chance.choice((AccessScope.READ, AccessScope.READ, AccessScope.WRITE, AccessScope.ADMIN))
    return Caller(
        tenant=chance.choice(TENANTS),
        name="bot",
        scopes=with_included({scope}),
        collections=("*",) if scope is AccessScope.ADMIN else chance.choice((("*",), ("plans*",))),
        groups=frozenset(chance.sample((*GROUPS, "key:bot"), chance.randint(0, 2))),
    )


async def test_nothing_crosses_between_tenants_collections_and_groups_in_any_tier() -> None:
    chance = random.Random(17)
    world = World()
    for number in range(SEQUENCES):
        if number % 100 == 0:
            world = World()
        world.change(chance)
        for _ in range(STEPS):
            await world.ask(chance)
        for replica in world.replicas if number % 10 == 0 else ():
            await replica.tiers.drain()
