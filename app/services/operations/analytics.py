"""How well the cache and the database do, over time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.db.database import Database
from app.db.operations import analytics, statistics
from app.db.operations.analytics import Step
from app.db.tables import conversations
from app.domain.conversations import UnansweredQuestion
from app.errors import InvalidInput
from app.services.pagination import Page, number_of, page_of

# Rows of one reply: a week of minutes would be a chart that nobody can read.
MOST_STEPS = 3000
_STEPS: Mapping[Step, timedelta] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}


@dataclass(frozen=True, slots=True)
class Period:
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class AnalyticsReport:
    """Rows, and when the view that they come from was refreshed; None if it never was, or if there is none."""

    rows: Sequence[Mapping[str, Any]]
    as_of: datetime | None


class AnalyticsService:
    """Reads the counters of all replicas. Caches and statements are the whole service's, documents a tenant's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hit_rates(
        self, *, since: datetime | None, until: datetime | None, step: Step, namespace: str | None
    ) -> AnalyticsReport:
        """Counters by step and namespace, of the last day if nothing else is said.

        Raises:
            InvalidInput: `since` is not before `until`, or there are more than `MOST_STEPS` steps between.
        """
        period = _period(since, until)
        if (period.until - period.since) / _STEPS[step] > MOST_STEPS:
            raise InvalidInput(f"step: more than {MOST_STEPS} {step}s lie between since and until.")
        async with self._database.connection() as connection:
            rows = await analytics.over_time(
                connection, since=period.since, until=period.until, step=step, namespace=namespace
            )
            refreshed = {} if step == "minute" else await statistics.refreshed_at(connection)
        return AnalyticsReport([_with_rate(row) for row in rows], refreshed.get("query_statistics"))

    async def savings(
        self, *, since: datetime | None, until: datetime | None
    ) -> tuple[Period, Sequence[Mapping[str, Any]]]:
        """The savings of the cache, by namespace.

        Raises:
            InvalidInput: `since` is not before `until`.
        """
        period = _period(since, until)
        async with self._database.connection() as connection:
            rows = await analytics.totals(connection, period.since, period.until)
        return period, [_with_rate(row) for row in rows]

    async def slow_statements(self, *, limit: int, cursor: str | None) -> Page[Mapping[str, Any]]:
        """The newest first. `cursor` is the last id of the page before."""
        before = number_of(cursor)
        async with self._database.connection() as connection:
            rows = await analytics.slow_statements(connection, before=before, limit=limit + 1)
        return page_of(rows, limit, lambda row: row["id"])

    async def unanswered(
        self, tenant: str, *, since: datetime | None, until: datetime | None, limit: int
    ) -> Sequence[UnansweredQuestion]:
        """Return the questions that found nothing, the most frequent first. Conversations that are kept have them.

        Raises:
            InvalidInput: `since` is not before `until`.
        """
        period = _period(since, until)
        async with self._database.connection() as connection:
            return await conversations.unanswered(
                connection, tenant, since=period.since, until=period.until, limit=limit
            )

    async def documents(self, tenant: str) -> AnalyticsReport:
        """Documents by collection and media type."""
        async with self._database.connection() as connection:
            rows = await analytics.kinds_of_documents(connection, tenant)
            refreshed = await statistics.refreshed_at(connection)
        return AnalyticsReport(rows, refreshed.get("document_statistics"))


def _period(since: datetime | None, until: datetime | None) -> Period:
    until = _aware(until) if until else datetime.now(UTC) + timedelta(minutes=1)
    since = _aware(since) if since else until - timedelta(days=1)
    if since >= until:
        raise InvalidInput("since: not before until.")
    return Period(since, until)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _with_rate(row: Mapping[str, Any]) -> Mapping[str, Any]:
    hits = sum(row[name] for name in ("l1_hits", "l2_hits", "l3_hits", "semantic_hits"))
    looked = hits + row["misses"]
    return {**row, "hits": hits, "hit_rate": hits / looked if looked else None}
