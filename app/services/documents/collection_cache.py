"""Collections by name without asking Postgres, as long as nothing can have changed."""

from typing import Protocol

from app.concurrency.circuit_breaker import CircuitBreaker
from app.concurrency.coalescing import TrailingCoalescer
from app.domain.documents import Collection
from app.errors import NotFound, StoreUnavailable
from app.services.documents.collections import CollectionService


class _Watch(Protocol):
    """The versions of collections, as far as this process can prove them."""

    @property
    def live(self) -> bool: ...
    async def current(self, collection: int) -> int | None: ...


class CollectionCache:
    """Remembers collections until a notification says that one changed.

    Every change of a collection is notified on the channel that feeds `watch`; while the channel is silent,
    nothing that is remembered is trusted.
    """

    def __init__(self, collections: CollectionService, watch: _Watch) -> None:
        self._collections = collections
        self._watch = watch
        self._remembered: dict[tuple[str, str], Collection] = {}
        self._changes = 0
        self._asking: TrailingCoalescer[Collection] = TrailingCoalescer()
        self._breaker = CircuitBreaker(threshold=1, cooldown=1.0)

    def known(self, tenant: str, name: str) -> Collection | None:
        """The collection if it can be told without asking."""
        return self._remembered.get((tenant, name)) if self._watch.live else None

    async def resolve(self, tenant: str, name: str) -> Collection:
        """Find a collection, asking if need be.

        Raises:
            NotFound: there is none of this name.
            StoreUnavailable: Postgres does not answer, and it might have changed the collection.
        """
        known = self.known(tenant, name)
        if known is not None:
            return known
        changes = self._changes
        try:
            collection, _ = await self._asking.run((tenant, name), lambda: self._ask(tenant, name))
        except StoreUnavailable:
            remembered = self._remembered.get((tenant, name))
            if remembered is None or await self._watch.current(remembered.id) is None:
                raise
            return remembered
        if changes == self._changes:
            self._remembered[tenant, name] = collection
        return collection

    async def _ask(self, tenant: str, name: str) -> Collection:
        """Ask Postgres; if it was just silent, one question a second finds out and no other waits."""
        if not self._breaker.allows():
            raise StoreUnavailable("The database did not answer; try again shortly.")
        try:
            found = await self._collections.resolve(tenant, name)
        except StoreUnavailable:
            self._breaker.failed()
            raise
        except NotFound:
            self._breaker.succeeded()
            raise
        self._breaker.succeeded()
        return found

    def forget(self) -> None:
        """Trust nothing that is remembered: a collection was made, changed or deleted somewhere."""
        self._changes += 1
        self._breaker.succeeded()  # the caller has heard from Postgres
        self._remembered.clear()
