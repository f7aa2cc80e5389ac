"""L1: decoded values in this process, evicted by S3-FIFO.

S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023): new entries pass through
a small queue, from which only those asked for again reach the main queue; a ghost queue of digests lets a
returning entry go straight to main. A hit only raises a counter of at most 3, so it costs a dict lookup.
"""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from app.cache.backend import BackendStats, CacheKey, EntryMetadata, Scope, StoredPayload, TierUsage

V = TypeVar("V")

MAX_FREQUENCY = 3
SMALL_SHARE = 0.1


class _Node(Generic[V]):
    __slots__ = ("entry", "frequency", "key", "weight")

    def __init__(self, key: CacheKey, entry: StoredPayload[V], weight: int) -> None:
        self.key = key
        self.entry = entry
        self.weight = weight
        self.frequency = 0


class _Queue(Generic[V]):
    """Nodes in the order of their arrival, with their total weight."""

    def __init__(self) -> None:
        self.nodes: OrderedDict[str, _Node[V]] = OrderedDict()
        self.weight = 0

    def push(self, node: _Node[V]) -> None:
        self.nodes[node.key.digest] = node
        self.weight += node.weight

    def pop(self) -> _Node[V]:
        _, node = self.nodes.popitem(last=False)
        self.weight -= node.weight
        return node

    def remove(self, node: _Node[V]) -> bool:
        if self.nodes.pop(node.key.digest, None) is None:
            return False
        self.weight -= node.weight
        return True


class MemoryCache(Generic[V]):
    """Bounded by `max_entries` and by `max_bytes` as `weigh` counts them.

    A value heavier than `max_value_bytes` is skipped and counted. An entry is kept for `retain` seconds past
    its deadline. `on_evict` receives the key of each entry that had to make room.
    """

    def __init__(
        self,
        *,
        weigh: Callable[[V], int],
        max_entries: int = 5000,
        max_bytes: int = 256 * 1024 * 1024,
        max_value_bytes: int = 1024 * 1024,
        retain: float = 0.0,
        on_evict: Callable[[CacheKey], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = "l1"
        self._weigh = weigh
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._max_value_bytes = max_value_bytes
        self._retain = retain
        self._on_evict = on_evict
        self._clock = clock
        self._index: dict[str, _Node[V]] = {}
        self._small: _Queue[V] = _Queue()
        self._main: _Queue[V] = _Queue()
        self._ghost: OrderedDict[str, None] = OrderedDict()
        self._evictions: Counter[str] = Counter()
        self._oversized = 0

    def __len__(self) -> int:
        return len(self._index)

    def lookup(self, digest: str) -> StoredPayload[V] | None:
        """Return the entry without awaiting. Expired entries within `retain` are returned too."""
        node = self._index.get(digest)
        if node is None:
            return None
        entry = node.entry
        if entry.deadline <= self._clock() - self._retain:
            self._drop(node)
            return None
        if node.frequency < MAX_FREQUENCY:
            node.frequency += 1
        return entry

    def put(self, key: CacheKey, value: V, ttl: float) -> bool:
        """Store without awaiting. False: the value is too large, and the one it replaces is removed too."""
        weight = self._weigh(value)
        node = self._index.get(key.digest)
        if weight > min(self._max_value_bytes, self._max_bytes):
            self._oversized += 1
            if node is not None:
                self._drop(node)
            return False
        entry = StoredPayload(value, self._clock() + ttl)
        if node is not None:
            queue = self._small if key.digest in self._small.nodes else self._main
            queue.weight += weight - node.weight
            node.entry, node.weight = entry, weight
        else:
            node = _Node(key, entry, weight)
            self._index[key.digest] = node
            returning = self._ghost.pop(key.digest, self) is None
            (self._main if returning else self._small).push(node)
        self._make_room()
        return True

    def remove(self, digest: str) -> bool:
        """Delete without awaiting and return whether there was an entry."""
        node = self._index.get(digest)
        if node is None:
            return False
        self._drop(node)
        return True

    def view(self, digest: str) -> tuple[CacheKey, StoredPayload[V]] | None:
        """Return an entry with its full key, without counting as a use of it."""
        node = self._index.get(digest)
        return None if node is None else (node.key, node.entry)

    def purge(self, scope: Scope) -> int:
        """Clear without awaiting and return the number of entries removed."""
        doomed = [node for node in self._index.values() if scope.covers(node.key)]
        for node in doomed:
            self._drop(node)
        return len(doomed)

    async def get(self, key: CacheKey) -> StoredPayload[V] | None:
        return self.lookup(key.digest)

    async def set(self, key: CacheKey, value: V, *, ttl: float, about: EntryMetadata) -> bool:  # noqa: ARG002
        return self.put(key, value, ttl)

    async def delete(self, key: CacheKey) -> bool:
        return self.remove(key.digest)

    async def clear(self, scope: Scope) -> int:
        return self.purge(scope)

    async def stats(self) -> BackendStats:
        entries: Counter[str] = Counter()
        weights: Counter[str] = Counter()
        for node in self._index.values():
            entries[node.key.namespace] += 1
            weights[node.key.namespace] += node.weight
        usage = {
            name: TierUsage(entries[name], weights[name], self._evictions[name])
            for name in entries | self._evictions
        }
        return BackendStats(usage, self._evictions.total(), self._oversized)

    async def close(self) -> None:
        self.purge(Scope())
        self._ghost.clear()

    def _drop(self, node: _Node[V]) -> None:
        del self._index[node.key.digest]
        if not self._small.remove(node):
            self._main.remove(node)

    def _make_room(self) -> None:
        while len(self._index) > self._max_entries or self._small.weight + self._main.weight > self._max_bytes:
            if self._small.nodes and (
                not self._main.nodes
                or len(self._small.nodes) > self._max_entries * SMALL_SHARE
                or self._small.weight > self._max_bytes * SMALL_SHARE
            ):
                self._evict_from_small()
            else:
                self._evict_from_main()

    def _evict_from_small(self) -> None:
        node = self._small.pop()
        if node.frequency > 1:
            node.frequency = 0
            self._main.push(node)
            return
        self._evict(node)
        self._ghost[node.key.digest] = None
        if len(self._ghost) > self._max_entries:
            self._ghost.popitem(last=False)

    def _evict_from_main(self) -> None:
        while True:
            node = self._main.pop()
            if node.frequency == 0:
                break
            node.frequency -= 1
            self._main.push(node)
        self._evict(node)

    def _evict(self, node: _Node[V]) -> None:
        del self._index[node.key.digest]
        self._evictions[node.key.namespace] += 1
        self._on_evict(node.key)
