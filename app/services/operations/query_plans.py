"""Query plans of real searches: the services run as ever, over connections that explain each statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.db.database import Database
from app.db.lifecycle import changes
from app.db.operations import plans, vacuum
from app.db.operations.plans import ExplainingDatabase, Sample, StatementPlan
from app.db.tables import collections, documents
from app.domain.documents import Collection
from app.domain.retrieval import Query, SearchMode, Vector
from app.errors import NoCollection
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.service import SearchService

# Shares of a table's rows that may be changed, or dead, without a warning.
_STALE, _DEAD = 0.2, 0.3
# Smaller tables have no plan to spoil.
_SMALL = 1000


@dataclass(frozen=True, slots=True)
class PlanReport:
    """`collection` is None where there is none to look at. `warnings` are of the database as a whole."""

    collection: str | None
    plans: Sequence[StatementPlan]
    warnings: Sequence[str]


class _Found:
    """The part of `CollectionService` that a search needs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def resolve(self, tenant: str, name: str) -> Collection:
        async with self._database.connection() as connection:
            found = await collections.find(connection, tenant, name)  # the plan is named for the function called
        if found is None:
            raise NoCollection(name)
        return found


class PlanService:
    """Explains the hot queries on the user's own data.

    `cached` is the statement that reads a cached result by its key, which goes past the database given here, and
    `cache_table` where it reads.
    """

    def __init__(self, database: Database, *, cached: str | None = None, cache_table: str = "query_cache") -> None:
        self._database = database
        self._cached = cached
        self._cache_table = cache_table

    async def explain(self, tenant: str, name: str | None = None) -> PlanReport:
        """Run a search of each kind, with a stored chunk as the question, and tell the plan of each statement.

        Without a name, of the tenant's largest collection.

        Raises:
            NotFound: there is no such collection.
        """
        async with self._database.connection() as connection:
            warnings = await self._warnings(connection)
            name = name or await plans.largest_collection(connection, tenant)
            collection = await collections.require(connection, tenant, name) if name else None
            sample = await plans.sample(connection, collection) if collection else None
            chosen = await plans.sample_filter(connection, collection) if collection else {}
        if collection is None or sample is None:
            return PlanReport(name, (), [*warnings, "There is no chunk with a vector to ask for."])
        explained = [*await self._plain(collection, sample)]
        if chosen:
            explained += await self._filtered(collection, sample, chosen, known=explained)
        return PlanReport(collection.name, explained, warnings)

    async def _plain(self, collection: Collection, sample: Sample) -> Sequence[StatementPlan]:
        explaining = ExplainingDatabase(self._database)
        # One arm after the other, so that neither waits. A hybrid search sends statements of its own beside theirs.
        await self._search(
            explaining, collection, sample, (SearchMode.VECTOR, SearchMode.LEXICAL, SearchMode.HYBRID)
        )
        async with explaining.connection() as connection:
            await documents.page(
                connection, collection.tenant, collection=collection.name, status=None, after=None, limit=50
            )
            version = collection.corpus_version
            await changes.between(connection, collection.id, version - 1, version)
            await changes.nearest_of(connection, collection.space.id, [sample.document_id], sample.vector)
        if self._cached is not None:
            await explaining.explain("cache.read", self._cached, "0" * 64)
        return explaining.plans()

    async def _filtered(
        self, collection: Collection, sample: Sample, chosen: Mapping[str, Any], *, known: Sequence[StatementPlan]
    ) -> Sequence[StatementPlan]:
        explaining = ExplainingDatabase(self._database, note=f", filtered by {', '.join(chosen)}")
        await self._search(explaining, collection, sample, (SearchMode.VECTOR, SearchMode.LEXICAL), chosen)
        told = {plan.statement for plan in known}
        return [
            replace(plan, name=f"{plan.name} filtered") for plan in explaining.plans() if plan.statement not in told
        ]

    async def _search(
        self,
        database: ExplainingDatabase,
        collection: Collection,
        sample: Sample,
        modes: Sequence[SearchMode],
        chosen: Mapping[str, Any] | None = None,
    ) -> None:
        async def embed(_collection: Collection, _text: str) -> Vector:
            return sample.vector

        keeper = LexemeStatistics(self._database)
        try:
            search = SearchService(database, _Found(database), embed, keeper)
            for mode in modes:
                await search.search(
                    Query(collection.tenant, collection.name, sample.text, mode=mode, filter=chosen or {})
                )
        finally:
            await keeper.close()

    async def _warnings(self, connection: Any) -> list[str]:
        found = []
        for table in await vacuum.tables(connection):
            if table.live <= _SMALL:
                continue
            if not table.analyzed:
                found.append(f"{table.name} was never analyzed: `localchat maintain` does it.")
            elif table.modified > _STALE * table.live:
                found.append(
                    f"The statistics of {table.name} are stale: {table.modified} of {table.live} rows changed."
                )
            if table.dead > _DEAD * table.live:
                found.append(f"{table.name} holds {table.dead} dead rows beside {table.live} live ones.")
        found += [
            f"The index {index} is not valid, so it is not used." for index in await vacuum.invalid(connection)
        ]
        found += [
            f"The indexes of {turnover.table} hold {turnover.gone} rows that are gone: `localchat maintain`."
            for turnover in await vacuum.turnovers(connection, self._cache_table)
            if turnover.bloated
        ]
        found += [
            f"{graph.index} takes {graph.size_bytes / graph.expected_bytes:.1f} times the room of its vectors."
            for graph in await vacuum.graphs(connection)
            if graph.bloated
        ]
        return found
