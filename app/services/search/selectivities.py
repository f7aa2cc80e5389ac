"""The share of chunks that each metadata filter keeps, which decides how both retrievers search."""

from app.db.database import Database
from app.db.search import vector_index
from app.db.search.filters import Predicate
from app.domain.documents import Collection
from app.retrieval.selectivity import Selectivity

# The most filters to remember, of all collections together.
_REMEMBERED = 1000


class Selectivities:
    """Measures each filter once for each version of a collection: people use the same few filters."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[tuple[int, int, Predicate], Selectivity] = {}

    async def of(self, collection: Collection, where: Predicate | None) -> Selectivity | None:
        """Return the selectivity of a filter, None without one."""
        if where is None:
            return None
        key = (collection.space.id, collection.corpus_version, where)
        if key in self._known:
            return self._known[key]
        async with self._database.reading() as connection:
            found = Selectivity(*await vector_index.matching(connection, collection.id, collection.space, where))
        while len(self._known) >= _REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[key] = found
        return found
