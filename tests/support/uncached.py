"""A search without a cache, as the answer pipeline asks for one."""

from app.cache.entry import CacheControl
from app.domain.retrieval import Query, Retrieval
from app.services.search.service import SearchService


class UncachedSearch:
    def __init__(self, search: SearchService) -> None:
        self._search = search

    async def search(self, query: Query, _control: CacheControl = CacheControl.USE) -> Retrieval:
        return await self._search.search(query)
