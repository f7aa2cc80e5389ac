"""Carries out the steps against the service, and follows the documents in work to their end."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import islice

from app.cli.ingest.plan import Action, Step
from app.cli.ingest.report import IngestReport
from app.cli.ingest.service import Broken, Documents, Refused
from app.concurrency.task_group import FirstErrorTaskGroup

_AT_ONCE = 4
_POLLS_AT_ONCE = 8
_POLLED_PER_ROUND = 16  # documents end roughly in the order in which they were uploaded


class Uploader:
    """Replaces, then deletes, then uploads, so that no document stands for a file that it was not made from."""

    def __init__(
        self, documents: Documents, ledger: IngestReport, *, on_step: Callable[[Step], None] = lambda _step: None
    ) -> None:
        self._documents = documents
        self._ledger = ledger
        self._on_step = on_step

    async def carry_out(self, steps: Sequence[Step]) -> None:
        """
        Raises:
            Away, CommandFailed: as `Documents`; what was done until then stands, and is in the ledger.
        """
        of = {action: [step for step in steps if step.action is action] for action in Action}
        for step in of[Action.UNCHANGED]:
            assert step.document is not None
            self._ledger.sent(step, step.document)
        await _in_parallel(of[Action.REPLACE], self._send)
        await _in_parallel(of[Action.DELETE], self._delete)
        await _in_parallel(of[Action.UPLOAD], self._upload)

    async def follow(self) -> None:
        """Look at the documents in the order of their upload, up to those still in work."""
        limit = asyncio.Semaphore(_POLLS_AT_ONCE)

        async def look(document_id: str) -> None:
            async with limit:
                document = await self._documents.one(document_id)
            if document_id not in self._ledger.pending:
                return  # deleted by us meanwhile
            if document is None:
                self._ledger.lost(document_id)
            else:
                self._ledger.saw(document)

        pending = self._ledger.pending
        while oldest := list(islice(pending, _POLLED_PER_ROUND)):
            await _all(look(document_id) for document_id in oldest)
            if any(document_id in pending for document_id in oldest):
                return

    async def _upload(self, step: Step) -> None:
        await self._send(Step(Action.UPLOAD, step.file, None, step.why))

    async def _send(self, step: Step) -> None:
        assert step.file is not None
        try:
            if step.document is None:
                document = await self._documents.upload(step.file)
            else:
                document = await self._documents.replace(step.document, step.file)
        except Refused as error:
            self._ledger.refuse(step.name, str(error), step)
        except Broken as error:
            self._ledger.fail(step.name, str(error), step)
        except OSError as error:
            self._ledger.refuse(step.name, f"cannot be read here: {error.strerror}")
        except UnicodeEncodeError:
            self._ledger.refuse(step.name, "its name cannot be sent, for it is no valid Unicode", step)
        else:
            self._ledger.sent(step, document)
        self._on_step(step)

    async def _delete(self, step: Step) -> None:
        assert step.document is not None
        await self._documents.delete(step.document)
        self._ledger.pending.pop(step.document.id, None)
        self._ledger.remove(step)


async def _in_parallel(steps: Sequence[Step], work: Callable[[Step], Awaitable[None]]) -> None:
    queue = iter(steps)

    async def take(queue: Iterator[Step]) -> None:
        for step in queue:
            await work(step)

    await _all(take(queue) for _ in range(min(_AT_ONCE, len(steps))))


async def _all(works: Iterator[Awaitable[None]]) -> None:
    """Await all at once; the first failure cancels the others and is raised."""

    async def run(work: Awaitable[None]) -> None:
        await work

    async with FirstErrorTaskGroup() as group:
        for work in works:
            group.create_task(run(work))
