"""Chooses the questions to warm: the most used ones, or the ones that an operator names."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from app.cache.admin import CacheManager, CatalogEntry
from app.db.database import Database
from app.db.tables import collections
from app.domain.answers import QUOTE, AnswerStyle
from app.domain.retrieval import SearchMode
from app.domain.warming import WarmedNamespace, WarmQuestion

# How many of the most used questions are warmed by default.
TOP = 100
# One question may have several entries, from before and after a change of models or settings.
_SPARE = 3
# What an entry says of a question, so that its collection's settings say nothing of it.
RECORDED = ("top_k", "temperature", "max_tokens", "thinking")


class WarmQuestions:
    """Reads questions from L3, with the collections that they were asked in."""

    def __init__(self, manager: CacheManager, database: Database) -> None:
        self._manager = manager
        self._database = database

    async def top(
        self,
        tenant: str,
        *,
        limit: int = TOP,
        collection: str | None = None,
        namespace: WarmedNamespace | None = None,
    ) -> list[WarmQuestion]:
        """Return the questions with the most hits, also of expired entries.

        Follow-up questions are left out: they cannot be asked without their conversation.

        Raises:
            TierOff: L3 is not in use, and no other tier remembers questions.
            NotFound: there is no such collection.
            StoreUnavailable: Postgres does not answer.
        """
        within = None if collection is None else await self._id(tenant, collection)
        return await self._popular(limit, tenant=tenant, collection=within, namespace=namespace)

    async def given(
        self, tenant: str, queries: Sequence[str], *, collection: str, namespace: WarmedNamespace
    ) -> list[WarmQuestion]:
        """Return the given questions, as asked without parameters. Warming an answer warms its search too.

        Raises:
            NotFound: there is no such collection.
            StoreUnavailable: Postgres does not answer.
        """
        await self._id(tenant, collection)
        return [WarmQuestion(tenant, collection, namespace, query.strip()) for query in queries]

    async def everybodys(self) -> list[WarmQuestion]:
        """Return the top of all tenants together. Raises what `top` raises."""
        return await self._popular(TOP)

    async def _id(self, tenant: str, collection: str) -> int:
        async with self._database.connection() as connection:
            found = await collections.require(connection, tenant, collection)
        return found.id

    async def _popular(
        self,
        limit: int,
        *,
        tenant: str | None = None,
        collection: int | None = None,
        namespace: WarmedNamespace | None = None,
    ) -> list[WarmQuestion]:
        entries = await self._manager.popular(
            limit=limit * _SPARE, tenant=tenant, collection=collection, namespace=namespace
        )
        async with self._database.connection() as connection:
            names = await collections.names_of(connection, [each.key.collection or 0 for each in entries])
        questions = filter(None, (_question(entry, names) for entry in entries))
        different = {orjson.dumps(each, option=orjson.OPT_SORT_KEYS): each for each in questions}
        return list(different.values())[:limit]


def _question(entry: CatalogEntry, names: Mapping[int | None, str]) -> WarmQuestion | None:
    """Return the question that made the entry; None if its parameters do not say all of it."""
    about: dict[str, Any] = entry.metadata
    retrieval: dict[str, Any] = entry.parameters.get("retrieval", {})
    collection = names.get(entry.key.collection)
    if collection is None or about.get("conversation") != "" or "top_k" not in retrieval:
        return None
    shape: dict[str, Any] = {"top_k": retrieval["top_k"], "filter": entry.parameters.get("filters", {})}
    if entry.key.namespace == "retrieval":
        mode = SearchMode(retrieval["mode"])
        return WarmQuestion(entry.key.tenant, collection, "retrieval", entry.question, **shape, mode=mode)
    sampling = about["sampling"]
    return WarmQuestion(
        entry.key.tenant,
        collection,
        "answer",
        entry.question,
        **shape,
        model=None if sampling["mode"] == QUOTE else about["chat_model"],
        answer_mode=sampling["mode"],
        temperature=sampling["temperature"],
        max_tokens=sampling["max_tokens"],
        style=AnswerStyle(**sampling.get("style", {})),
        thinking=sampling.get("thinking", False),
        given=RECORDED,
    )
