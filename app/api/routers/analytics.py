"""Analytics of caches, statements and documents. Caches and statements are the service's, documents a tenant's."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from app.api.dependencies import Provided, Tenant
from app.api.openapi import problems
from app.api.schemas.analytics import (
    CacheCountsView,
    DocumentKindsView,
    DocumentKindView,
    HitRatesView,
    HitRateView,
    PlansView,
    SavingsView,
    SlowStatementView,
    UnansweredQuestionsView,
    UnansweredView,
)
from app.api.schemas.common import CollectionName, Cursor, Limit, PageView
from app.api.schemas.conversations import GivenVerdictView
from app.domain.conversations import GivenVerdict
from app.services.conversations.feedback import Verdict
from app.services.pagination import Page

router = APIRouter(prefix="/api/analytics", tags=["analytics"], responses=problems(401, 422, 503))

Since = Annotated[datetime | None, Query(description="Default: a day before `until`. A time without a zone is UTC")]
Until = Annotated[datetime | None, Query(description="Now if not given")]
Namespace = Literal["embedding", "retrieval", "answer"]


@router.get("/hit-rates", operation_id="hitRates")
async def hit_rates(
    services: Provided,
    _tenant: Tenant,
    since: Since = None,
    until: Until = None,
    step: Literal["minute", "hour", "day"] = "hour",
    namespace: Namespace | None = None,
) -> HitRatesView:
    """Cache hits and misses over time. Steps without any are left out."""
    report = await services.analytics.hit_rates(since=since, until=until, step=step, namespace=namespace)
    items = [HitRateView.model_validate(dict(row)) for row in report.rows]
    return HitRatesView(items=items, as_of=report.as_of)


@router.get("/savings", operation_id="savings")
async def savings(services: Provided, _tenant: Tenant, since: Since = None, until: Until = None) -> SavingsView:
    """Time and tokens saved by cached results, in total and by namespace."""
    period, rows = await services.analytics.savings(since=since, until=until)
    items = [CacheCountsView.model_validate(dict(row)) for row in rows]
    return SavingsView(
        since=period.since,
        until=period.until,
        seconds_saved=sum(item.seconds_saved for item in items),
        tokens_saved=sum(item.tokens_saved for item in items),
        items=items,
    )


@router.get("/slow-queries", operation_id="slowQueries")
async def slow_queries(
    services: Provided, _tenant: Tenant, limit: Limit = 50, cursor: Annotated[Cursor | None, Query()] = None
) -> PageView[SlowStatementView]:
    """Database statements that took longer than SLOW_QUERY_THRESHOLD, newest first."""
    page = await services.analytics.slow_statements(limit=limit, cursor=cursor)
    items = [SlowStatementView.model_validate(dict(row)) for row in page.items]
    return PageView[SlowStatementView](items=items, next_cursor=page.next_cursor)


@router.get("/unanswered", operation_id="unansweredQuestions")
async def unanswered(
    services: Provided, tenant: Tenant, since: Since = None, until: Until = None, limit: Limit = 50
) -> UnansweredQuestionsView:
    """Questions of stored conversations that found nothing in the documents, the most frequent first."""
    found = await services.analytics.unanswered(tenant, since=since, until=until, limit=limit)
    return UnansweredQuestionsView(items=[UnansweredView.model_validate(item) for item in found])


@router.get("/feedback", operation_id="listFeedback", response_model=PageView[GivenVerdictView])
async def feedback(
    services: Provided,
    tenant: Tenant,
    verdict: Annotated[Verdict | None, Query()] = None,
    limit: Limit = 50,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Page[GivenVerdict]:
    """Verdicts on answers with their questions, the newest first."""
    return await services.feedback.list(tenant, verdict=verdict, limit=limit, cursor=cursor)


@router.get("/documents", operation_id="documentKinds")
async def documents(services: Provided, tenant: Tenant) -> DocumentKindsView:
    """Documents by collection and media type."""
    report = await services.analytics.documents(tenant)
    items = [DocumentKindView.model_validate(dict(row)) for row in report.rows]
    return DocumentKindsView(items=items, as_of=report.as_of)


@router.get("/plans", operation_id="queryPlans", responses=problems(404))
async def plans(
    services: Provided, tenant: Tenant, collection: Annotated[CollectionName | None, Query()] = None
) -> PlansView:
    """Search for a stored chunk by each arm, and show how Postgres ran each statement.

    Default: in the largest collection.
    """
    return PlansView.of(await services.plans.explain(tenant, collection))
