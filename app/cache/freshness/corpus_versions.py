"""The version of each collection, as far as this process can prove it."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol


class NoServer(Exception):
    """Nothing listens at the database's address, so nothing can be committed to it either."""


class VersionSource(Protocol):
    def known(self, collection: int) -> int | None:
        """Return the version if it is known without asking Postgres, else None."""

    async def current(self, collection: int) -> int | None:
        """Return the version, asking Postgres if need be. None: unproven, or no such collection."""

    async def ask(self, collection: int) -> int | None:
        """Ask Postgres; None if it does not answer or has no such collection."""


class VersionWatch:
    """Versions heard on the notification channel, trusted only while that channel is alive.

    `ask` reads one version from the database. A feed calls `heard` at every heartbeat with all versions, and
    `advance` for every notification. After `max_silence` seconds without a heartbeat, or once the channel is
    `lost`, each request asks the database.

    When that fails with NoServer within `sealed_for` seconds of the last heartbeat, the version last heard
    still holds: a database that refuses connections commits nothing. A commit whose notification died with the
    server stays unseen.
    """

    def __init__(
        self,
        ask: Callable[[int], Awaitable[int | None]],
        *,
        max_silence: float = 2.0,
        sealed_for: float = 300.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._max_silence = max_silence
        self._sealed_for = sealed_for
        self._clock = clock
        self._versions: dict[int, int] = {}
        self._trusted_until = 0.0
        self._heard_at: float | None = None

    def now(self) -> float:
        """Read this watch's clock."""
        return self._clock()

    @property
    def live(self) -> bool:
        return self._clock() < self._trusted_until

    @property
    def recent(self) -> bool:
        """Whether the last heartbeat is at most `sealed_for` seconds ago."""
        return self._heard_at is not None and self._clock() < self._heard_at + self._sealed_for

    def known(self, collection: int) -> int | None:
        if self._clock() >= self._trusted_until:
            return None
        return self._versions.get(collection)

    async def current(self, collection: int) -> int | None:
        version = self.known(collection)
        return version if version is not None else await self.ask(collection)

    async def ask(self, collection: int) -> int | None:
        try:
            version = await self._ask(collection)
        except NoServer:
            return self._versions.get(collection) if self.recent else None
        except Exception:  # noqa: BLE001 - after any error the version is not proven
            return None
        if version is not None:
            self.advance(collection, version)
        return version

    def advance(self, collection: int, version: int) -> None:
        """Record a version. An older one than the known is ignored."""
        if version > self._versions.get(collection, -1):
            self._versions[collection] = version

    def heard(self, versions: Mapping[int, int], asked_at: float) -> None:
        """Record all versions, read by a query sent at `asked_at` of this watch's clock."""
        for collection, version in versions.items():
            self.advance(collection, version)
        self._heard_at = asked_at
        self._trusted_until = asked_at + self._max_silence

    def lost(self) -> None:
        """Stop trusting the versions heard: the channel is gone."""
        self._trusted_until = 0.0
