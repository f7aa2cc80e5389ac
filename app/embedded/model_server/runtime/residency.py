"""When a model is in memory: loaded on first use, kept for a while after the last."""

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from app.embedded.model_server.routes.durations import DEFAULT_KEEP_ALIVE, FOREVER, expiry
from app.operating_system import release_freed_memory

log = logging.getLogger(__name__)


class Engine(Protocol):
    async def close(self) -> None:
        """Free the model's memory."""


EngineT = TypeVar("EngineT", bound=Engine)


@dataclass(frozen=True, slots=True)
class ModelLease(Generic[EngineT]):
    engine: EngineT
    load_ns: int


class Residency(Generic[EngineT]):
    """Loads one model when it is needed and unloads it when its time is over and nobody uses it."""

    def __init__(self, name: str, load: Callable[[], Awaitable[EngineT]]) -> None:
        self._name = name
        self._load = load
        self._loading: asyncio.Task[EngineT] | None = None
        self._users = 0
        self._keep_alive = DEFAULT_KEEP_ALIVE
        self._timer: asyncio.TimerHandle | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self.expires_at: datetime | None = None

    @property
    def loaded(self) -> bool:
        task = self._loading
        return task is not None and task.done() and not task.cancelled() and task.exception() is None

    @asynccontextmanager
    async def use(self, keep_alive: float) -> AsyncIterator[ModelLease[EngineT]]:
        """Lend the engine, loading it first if necessary. A load goes on if its caller goes away."""
        started = time.monotonic_ns()
        cold = not self.loaded
        self._users += 1
        self._keep_alive = keep_alive
        self._stop_timer()
        try:
            if self._loading is None:
                self._loading = asyncio.create_task(self._load_logged())
            engine = await asyncio.shield(self._loading)
            self.expires_at = expiry(keep_alive)
            yield ModelLease(engine, time.monotonic_ns() - started if cold else 0)
        finally:
            self._users -= 1
            self._settle()

    async def _load_logged(self) -> EngineT:
        started = time.monotonic()
        try:
            engine = await self._load()
        except BaseException:
            self._loading = None
            raise
        log.info("loaded %s in %.1f s", self._name, time.monotonic() - started)
        asyncio.get_running_loop().call_soon(self._settle)
        return engine

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _settle(self) -> None:
        self._stop_timer()
        if self._users or not self.loaded:
            return
        self.expires_at = expiry(self._keep_alive)
        if self._keep_alive <= 0:
            self._unload()
        elif self._keep_alive != FOREVER:
            self._timer = asyncio.get_running_loop().call_later(self._keep_alive, self._unload)

    def _unload(self) -> None:
        loading, self._loading = self._loading, None
        self._stop_timer()
        if loading is None:
            return
        task = asyncio.get_running_loop().create_task(self._close(loading.result()))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, engine: EngineT) -> None:
        await engine.close()
        del engine
        release_memory()
        log.info("unloaded %s", self._name)

    def expire(self) -> None:
        """Unload as soon as nobody uses the model."""
        self._keep_alive = 0.0
        self._settle()

    async def close(self) -> None:
        """Unload now and wait for it, at the server's shutdown."""
        if self.loaded:
            self._unload()
        await asyncio.gather(*self._closing)


def release_memory() -> None:
    """Give back to the system what Python and the libraries' C++ code have freed."""
    gc.collect()
    release_freed_memory()
