"""A task group for work that succeeds or fails as one."""

import asyncio
from types import TracebackType


class FirstErrorTaskGroup(asyncio.TaskGroup):
    """Raises the first failure itself, not a group of it: the other tasks were cancelled because of it."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
