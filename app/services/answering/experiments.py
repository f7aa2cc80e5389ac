"""Experiments: which questions take part, in which variant, and how their answers fare."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from app.concurrency.background import Background
from app.db.database import Database
from app.db.tables import collections, experiments
from app.domain.answers import AnswerRequest
from app.domain.experiments import Enrolment, Experiment, Exposure, Variant, VariantResult
from app.errors import LocalChatError, NotFound, StoreUnavailable
from app.services.answering.answer import Answer
from app.services.pagination import Page, page_of, uuid_of

# Seconds until every replica knows of an experiment that was started or stopped on another one.
HEARD_AFTER = 5.0

_log = logging.getLogger(__name__)


class ExperimentService:
    """Runs a tenant's experiments, one at a time for each collection."""

    def __init__(
        self, database: Database, background: Background, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._background = background
        self._clock = clock
        self._running: dict[str, tuple[float, Mapping[str, Experiment]]] = {}

    async def start(self, tenant: str, name: str, collection: str, variants: Sequence[Variant]) -> Experiment:
        """Start an experiment.

        Raises:
            NotFound: there is no such collection.
            Conflict: the name is taken, or another experiment runs in the collection.
        """
        async with self._database.transaction() as connection:
            found = await collections.require(connection, tenant, collection)
            await experiments.insert(connection, tenant, name, found.id, variants)
            started = await experiments.get(connection, tenant, name)
        self._running.pop(tenant, None)
        return _present(started, name)

    async def list(self, tenant: str, *, limit: int = 50, cursor: str | None = None) -> Page[Experiment]:
        """Return experiments, the newest first. `cursor` is the last id of the page before."""
        before = uuid_of(cursor)
        async with self._database.connection() as connection:
            found = await experiments.page(connection, tenant, before=before, limit=limit + 1)
        return page_of(found, limit, lambda item: item.id)

    async def results(self, tenant: str, name: str) -> tuple[Experiment, Sequence[VariantResult]]:
        async with self._database.connection() as connection:
            found = _present(await experiments.get(connection, tenant, name), name)
            return found, await experiments.results(connection, tenant, found)

    async def stop(self, tenant: str, name: str) -> Experiment:
        """Enrol no further question. The results stay."""
        async with self._database.transaction() as connection:
            await experiments.stop(connection, tenant, name)
            stopped = await experiments.get(connection, tenant, name)
        self._running.pop(tenant, None)
        return _present(stopped, name)

    async def delete(self, tenant: str, name: str) -> None:
        async with self._database.connection() as connection:
            if not await experiments.delete(connection, tenant, name):
                raise _absent(name)
        self._running.pop(tenant, None)

    async def enrol(self, request: AnswerRequest, *, unit: str | None) -> AnswerRequest:
        """Return the request as the variant of its unit shapes it, if its collection has a running experiment.

        Args:
            request: the question as it was asked; what the client chose itself no variant changes.
            unit: who asks, as the client names it; a question without one does not take part.
        """
        if unit is None:
            return request
        experiment = (await self._known(request.tenant)).get(request.collection)
        if experiment is None:
            return request
        variant = experiment.variant_of(unit)
        settings = {name: value for name, value in variant.settings.items() if name not in request.given}
        given = request.given.union(settings)
        return replace(request, enrolment=Enrolment(experiment, variant, unit), given=given, **settings)

    def answered(self, request: AnswerRequest, answer: Answer) -> None:
        """Store in the background how an enrolled question ended, also when the client has left."""
        enrolment = request.enrolment
        if enrolment is None or answer.start is None:
            return
        exposure = Exposure(
            variant=enrolment.variant.name,
            unit=enrolment.unit,
            query_id=answer.start.query_id,
            outcome=answer.outcome,
            cached=answer.start.cache.get("status") == "hit",
            ttft_ms=None if answer.first_token is None else answer.first_token * 1000,
            total_ms=answer.seconds * 1000,
            output_tokens=answer.usage.output_tokens if answer.usage else 0,
        )
        self._background.spawn(self._note(enrolment.experiment.id, exposure))

    async def _known(self, tenant: str) -> Mapping[str, Experiment]:
        """Return the running experiments by collection, read at most `HEARD_AFTER` seconds ago."""
        heard, known = self._running.get(tenant, (None, {}))
        if heard is None or self._clock() - heard >= HEARD_AFTER:
            try:
                async with self._database.connection() as connection:
                    found = await experiments.running(connection, tenant)
                known = {experiment.collection: experiment for experiment in found}
            except StoreUnavailable:
                _log.warning("Postgres is away: the experiments that were running last are taken to run on")
            self._running[tenant] = self._clock(), known
        return known

    async def _note(self, experiment_id: UUID, exposure: Exposure) -> None:
        try:
            async with self._database.connection() as connection:
                await experiments.note(connection, experiment_id, exposure)
        except LocalChatError as error:
            _log.warning("The outcome of an answer was not stored in its experiment: %s", error.title)


def _present(found: Experiment | None, name: str) -> Experiment:
    if found is None:
        raise _absent(name)
    return found


def _absent(name: str) -> NotFound:
    return NotFound(f"There is no experiment called {name!r}.")
