"""Experiments: which questions take part, in which variant, and what came of it."""

import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from dataclasses import dataclass, replace
from uuid import UUID

from app.concurrency.background import Background
from app.db.database import Database
from app.db.tables import collections, experiments
from app.domain.answers import AnswerRequest, Delta, Event
from app.domain.experiments import Experiment, Exposure, Variant, VariantResult
from app.domain.paging import Page
from app.errors import LocalChatError, NotFound, StoreUnavailable
from app.services.answering.service import Answer
from app.services.documents.pagination import id_of, page_of

# Seconds after which a replica has heard of an experiment that began or was stopped on another.
HEARD_AFTER = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A question that takes part. `request` is what its variant makes of it."""

    experiment: Experiment
    variant: Variant
    unit: str
    request: AnswerRequest


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
        """
        Raises:
            NotFound: there is no such collection.
            Conflict: the name is taken, or the collection has an experiment that runs.
        """
        async with self._database.transaction() as connection:
            found = await collections.find(connection, tenant, collection)
            if found is None:
                raise NotFound(f"There is no collection called {collection!r}.")
            await experiments.insert(connection, tenant, name, found.id, variants)
            started = await experiments.get(connection, tenant, name)
        self._running.pop(tenant, None)
        return _present(started, name)

    async def list(self, tenant: str, *, limit: int = 50, cursor: str | None = None) -> Page[Experiment]:
        """Experiments, the newest first. `cursor` is the last id of the page before."""
        before = id_of(cursor)
        async with self._database.connection() as connection:
            found = await experiments.page(connection, tenant, before=before, limit=limit + 1)
        return page_of(found, limit, lambda item: item.id)

    async def results(self, tenant: str, name: str) -> tuple[Experiment, Sequence[VariantResult]]:
        async with self._database.connection() as connection:
            found = _present(await experiments.get(connection, tenant, name), name)
            return found, await experiments.results(connection, tenant, found)

    async def stop(self, tenant: str, name: str) -> Experiment:
        """Let no further question take part; results stay."""
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

    async def enrol(self, request: AnswerRequest, *, given: AbstractSet[str], unit: str | None) -> Enrolment | None:
        """Put a question into the variant of its unit, if its collection has an experiment that runs.

        Args:
            request: the question as it was asked.
            given: the fields that the client chose itself, which no variant changes.
            unit: who asks, as the client names it; without one a question takes no part.
        """
        if unit is None:
            return None
        experiment = (await self._known(request.tenant)).get(request.collection)
        if experiment is None:
            return None
        variant = experiment.variant_of(unit)
        settings = {name: value for name, value in variant.settings.items() if name not in given}
        return Enrolment(experiment, variant, unit, replace(request, **settings))

    async def observed(self, trial: Enrolment, events: AsyncGenerator[Event, None]) -> AsyncGenerator[Event, None]:
        """Pass the events on, and note how they ended, also when the client leaves."""
        began, first_token, answer = self._clock(), None, Answer()
        try:
            async with aclosing(events) as passing:
                async for event in passing:
                    answer.add(event)
                    if first_token is None and isinstance(event, Delta):
                        first_token = self._clock()
                    yield event
        finally:
            if answer.start is not None:
                ended = self._clock()
                exposure = Exposure(
                    variant=trial.variant.name,
                    unit=trial.unit,
                    query_id=answer.start.query_id,
                    outcome=answer.outcome,
                    cached=answer.start.cache.get("status") == "hit",
                    ttft_ms=None if first_token is None else (first_token - began) * 1000,
                    total_ms=(ended - began) * 1000,
                    output_tokens=answer.usage.output_tokens if answer.usage else 0,
                )
                self._background.spawn(self._note(trial.experiment.id, exposure))

    async def _known(self, tenant: str) -> Mapping[str, Experiment]:
        """The running experiments by collection, not older than `HEARD_AFTER`."""
        heard, known = self._running.get(tenant, (None, {}))
        if heard is None or self._clock() - heard >= HEARD_AFTER:
            try:
                async with self._database.connection() as connection:
                    found = await experiments.running(connection, tenant)
                known = {experiment.collection: experiment for experiment in found}
            except StoreUnavailable:
                _log.warning("Postgres is away: experiments are taken to be as they were last heard of")
            self._running[tenant] = self._clock(), known
        return known

    async def _note(self, experiment_id: UUID, exposure: Exposure) -> None:
        try:
            async with self._database.connection() as connection:
                await experiments.note(connection, experiment_id, exposure)
        except LocalChatError as error:
            _log.warning("An answer is missing from its experiment: %s", error.title)


def _present(found: Experiment | None, name: str) -> Experiment:
    if found is None:
        raise _absent(name)
    return found


def _absent(name: str) -> NotFound:
    return NotFound(f"There is no experiment called {name!r}.")
