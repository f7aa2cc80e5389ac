"""When keys were used last, written now and then: a write for each request would cost more than a cache hit."""

import asyncio
import logging
import time
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from app.concurrency.timeouts import Deadline
from app.errors import StoreUnavailable
from app.services.access.keys import KeyService

_EVERY = 10.0
# Seconds for the last write at a stop, when the database may be gone.
_LAST_WRITE = 2.0

_log = logging.getLogger(__name__)


class KeyUse:
    """Collects the times at which keys were used, and stores the latest of each every `every` seconds."""

    def __init__(self, keys: KeyService, *, every: float = _EVERY) -> None:
        self._keys = keys
        self._every = every
        self._used: dict[UUID, float] = {}

    def note(self, key: UUID) -> None:
        self._used[key] = time.time()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            await self.write()

    async def close(self) -> None:
        with suppress(TimeoutError):
            await Deadline(_LAST_WRITE).run(self.write())

    async def write(self) -> None:
        """Store the times since the last write. Those that cannot be stored are kept for the next one."""
        used, self._used = self._used, {}
        if not used:
            return
        try:
            await self._keys.used({key: datetime.fromtimestamp(at, UTC) for key, at in used.items()})
        except StoreUnavailable:
            self._used = {**used, **self._used}
        except Exception:  # noqa: BLE001 - the loop goes on with the next times
            _log.exception("The last use of some keys is not stored")
