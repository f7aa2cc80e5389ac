"""The search side of API processes that share their servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any, Self

import orjson

from app.cache.entry import CacheControl, CacheResult, CacheStatus
from app.cache.stream_cache import StreamCache
from app.db.database import Database
from app.domain.answers import AnswerRequest, Event
from app.domain.documents import Collection
from app.domain.retrieval import EmbedQuery, Query, Vector
from app.ingestion.queue.jobs import ReindexJob
from app.services.answering.answer import Answer
from app.services.answering.cached import CachedAnswers
from app.services.answering.model_facts import ModelDigests
from app.services.answering.service import AnswerService
from app.services.cache_ops.admin import CacheService
from app.services.cache_ops.warm_questions import WarmQuestions
from app.services.cache_ops.warming import WarmingService
from app.services.conversations.feedback import FeedbackService
from app.services.documents.collection_cache import CollectionCache
from app.services.documents.collections import CollectionService
from app.services.evidence.neighbours import NeighbourChunks
from app.services.ingestion.reindex_requests import ReindexService
from app.services.ingestion.reindexer import Reindexer
from app.services.search.cached import CachedSearch
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.service import SearchService
from app.services.semantic.lookup import Matching
from app.services.semantic.report import MatchingReporter
from app.settings import Settings
from app.wiring.cache import Cache, open_cache
from app.wiring.cache_connections import TimeLimits
from app.wiring.semantic import open_matching
from tests.support.answering import FakeConversations, answer_pipeline, generated_by
from tests.support.answering import FakeModels as AnsweringModels
from tests.support.ingestion import TENANT, Desk, FakeModels, join_section, unit_vector
from tests.support.waiting import until

# The cache's time limits for a machine that is twenty times as slow: tests wait for answers, not for their speed.
UNHURRIED = TimeLimits(**{name: seconds * 20 for name, seconds in asdict(TimeLimits()).items()})


async def embed_query(collection: Collection, text: str) -> Vector:
    return unit_vector(text, collection.space.dimension)


@dataclass
class Replica:
    """The search side of one API process, with a memory tier and a notification channel of its own."""

    cache: Cache
    collections: CollectionService
    directory: CollectionCache
    search: CachedSearch
    admin: CacheService
    feedback: FeedbackService
    models: AnsweringModels
    answers: AnswerService
    warming: WarmingService
    matching: Matching
    report: MatchingReporter

    @classmethod
    async def open(
        cls,
        stack: AsyncExitStack,
        database_url: str,
        valkey_url: str,
        embed: EmbedQuery = embed_query,
        **changed: Any,
    ) -> Self:
        settings = Settings(
            database_url=database_url,
            redis_url=valkey_url,
            cache_warm_max_load=1,
            **{"cache_signing_keys": (("k1", "a secret that is long enough"),)} | changed,
        )
        database = await Database.connect(database_url, min_size=1, max_size=8)
        stack.push_async_callback(database.close)
        cache = await open_cache(settings, database, stack, limits=UNHURRIED)
        collections = CollectionService(database, FakeModels(), default_model="fake")
        directory = CollectionCache(collections, cache.watch)
        cache.listen(directory.forget)
        statistics = LexemeStatistics(database)
        stack.push_async_callback(statistics.close)
        service = SearchService(database, collections, embed, statistics)
        matching, report = open_matching(settings, cache, embed, stack)
        search = CachedSearch(service, directory, cache.chain, matching)
        models = AnsweringModels()
        pipeline = answer_pipeline(search, models, surroundings=NeighbourChunks(database))
        streams: StreamCache[Event] = StreamCache(cache.chain)
        stack.push_async_callback(streams.close)
        answers = CachedAnswers(pipeline, streams, directory, ModelDigests(models), matching)
        return cls(
            cache,
            collections,
            directory,
            search,
            CacheService(cache.manager, database),
            FeedbackService(database, cache.manager),
            models,
            AnswerService(answers, FakeConversations(), complete=generated_by("fake-chat")),
            WarmingService(
                WarmQuestions(cache.manager, database),
                cache.pacer,
                search=search,
                answers=answers,
                complete=generated_by("fake-chat"),
            ),
            matching,
            report,
        )

    async def find(
        self,
        question: str,
        control: CacheControl = CacheControl.USE,
        *,
        semantic: bool = False,
        collection: str = "default",
        **shape: Any,
    ) -> CacheResult[Any]:
        """Ask, and wait until every tier has the result."""
        found = await self.search.find(Query(TENANT, collection, question, **shape), control, semantic=semantic)
        await self.cache.chain.tiers.drain()
        return found.cached

    async def ask(
        self, question: str, control: CacheControl = CacheControl.USE, **shape: Any
    ) -> tuple[object, CacheStatus]:
        found = await self.search.find(Query(TENANT, "default", question, **shape), control)
        return orjson.loads(found.results), found.cached.status

    async def answer(self, question: str, **shape: Any) -> Answer:
        """Ask for an answer, and wait until every tier has it."""
        answer = await self.answers.collect(AnswerRequest(TENANT, "default", question, **shape))
        await self.cache.chain.tiers.drain()
        return answer

    async def heard(self) -> None:
        """Wait for the notification of what is committed; it takes a moment to arrive."""
        collection = await self.collections.resolve(TENANT, "default")

        async def has_heard() -> bool:
            return (
                self.cache.watch.known(collection.id) == collection.corpus_version
                and await self.directory.resolve(TENANT, "default") == collection
            )

        await until(has_heard)


@dataclass
class Fleet:
    desk: Desk
    replicas: list[Replica]

    async def move(self, model: str) -> None:
        """Move the default collection to another embedding model."""
        desk = self.desk
        begun = await ReindexService(desk.database, desk.collections, FakeModels()).start(TENANT, "default", model)
        assert begun.reindex is not None
        reindexer = Reindexer(desk.database, desk.embedder, embedding_text=join_section)
        await reindexer.reindex(ReindexJob(begun.reindex.id))

    async def settle(self) -> None:
        """Take the statistics that are due, which otherwise happens behind the next questions."""
        collection = await self.desk.collections.resolve(TENANT, "default")
        await LexemeStatistics(self.desk.database).refresh(collection.id)
        await asyncio.gather(*(replica.heard() for replica in self.replicas))


@asynccontextmanager
async def open_fleet(database_url: str, valkey_url: str, **settings: Any) -> AsyncIterator[Fleet]:
    """Two replicas on one database and one Valkey."""
    async with AsyncExitStack() as stack:
        desk = await Desk.open(database_url)
        stack.push_async_callback(desk.database.close)
        replicas = [await Replica.open(stack, database_url, valkey_url, **settings) for _ in range(2)]
        yield Fleet(desk, replicas)
