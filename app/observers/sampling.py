"""Gauges that need a look-up: read in the background, since a scrape may not wait for a database."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from app.cache.backend import TierUsage
from app.cache.chain import CacheChain
from app.db.database import Database
from app.db.operations.health import queue_of
from app.errors import StoreUnavailable
from app.observers.models import CIRCUITS
from app.ollama.client import OllamaClient
from app.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)


class GaugeSampler:
    """Reads the queue and the breakers every `interval` seconds, and the tiers' contents every `cache_interval`.

    Counting in Redis walks all its keys, so it is done less often.
    """

    def __init__(
        self,
        metrics: Metrics,
        database: Database,
        client: OllamaClient,
        chain: CacheChain | None = None,
        *,
        interval: float = 5.0,
        cache_interval: float = 30.0,
    ) -> None:
        self._metrics = metrics
        self._database = database
        self._client = client
        self._chain = chain
        self._interval = interval
        self._cache_interval = cache_interval
        self._held: set[tuple[str, str]] = set()
        metrics.pool_connections.labels("used").set_function(lambda: database.use().busy)
        metrics.pool_connections.labels("idle").set_function(lambda: database.use().idle)

    async def run(self) -> None:
        """Work until cancelled. A gauge keeps its last value while its source does not answer."""
        await asyncio.gather(
            self._repeat(self._interval, self.sample_queue),
            self._repeat(self._interval, self.sample_circuits),
            self._repeat(self._cache_interval, self.sample_cache),
        )

    async def sample_queue(self) -> None:
        queue = await queue_of(self._database)
        for state, jobs in (("queued", queue.queued), ("picked", queue.picked), ("held", queue.held)):
            self._metrics.queue_jobs.labels(state).set(jobs)
        ages = (("queued", queue.oldest), ("picked", queue.oldest_picked), ("held", queue.oldest_held))
        for state, seconds in ages:
            self._metrics.queue_oldest_age.labels(state).set(seconds)

    async def sample_circuits(self) -> None:
        """Read the breakers' states: an idle breaker does not report that it would now let a probe pass."""
        for name, circuit in self._client.circuits.items():
            self._metrics.circuit_state.labels(name).set(CIRCUITS[circuit])

    async def sample_cache(self) -> None:
        if self._chain is None:
            return
        for tier, held in (await self._chain.tiers.usage()).items():
            if held is None:
                continue
            emptied = {name for name, of in self._held if of == tier}
            for namespace, usage in {**dict.fromkeys(emptied, TierUsage()), **held.usage}.items():
                self._held.add((namespace, tier))
                self._metrics.cache_entries.labels(namespace, tier).set(usage.entries)
                self._metrics.cache_size.labels(namespace, tier).set(usage.bytes)

    async def _repeat(self, seconds: float, sample: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await sample()
            except StoreUnavailable:
                pass  # its own probe tells
            except Exception:  # noqa: BLE001 - the next reading may succeed
                _log.exception("Gauges could not be read")
            await asyncio.sleep(seconds)
