"""Probes, metrics, correlation and documentation."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from prometheus_client.exposition import choose_encoder

from app.api.fast_path.metrics import instrument
from app.errors import StoreUnavailable
from app.services.operations.health import Examiner, HealthService
from app.telemetry.correlation import bind, correlate, headers, unbind
from app.telemetry.event_loop import sample_lag
from app.telemetry.metrics import Metrics
from tests.support.api import Fakes, client_of
from tests.support.fakes.operations import well
from tests.support.waiting import until

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def down() -> None:
    raise StoreUnavailable("The database did not answer.")


async def hang() -> None:
    await asyncio.sleep(60)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(Fakes()) as client:
        yield client


@pytest.fixture
async def own_client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application that counts its requests alone."""
    async with client_of(Fakes(), fresh=True) as client:
        yield client


async def test_liveness_asks_no_dependency() -> None:
    async with client_of(Fakes(postgres=hang, redis=hang)) as client:
        assert (await client.get("/health/live")).json()["status"] == "pass"


@pytest.mark.parametrize("probe", [down, hang])
async def test_without_postgres_the_service_is_not_ready(probe: object) -> None:
    async with client_of(Fakes(postgres=probe)) as client:  # type: ignore[arg-type]
        for path in ("/health/ready", "/health/startup"):
            response = await client.get(path)
            assert response.status_code == 503
            assert response.headers["content-type"] == "application/problem+json"
        assert (await client.get("/health/ready")).json()["checks"]["postgres"]["status"] == "fail"


async def test_without_redis_the_service_is_ready_with_a_warning() -> None:
    async with client_of(Fakes(redis=down)) as client:
        response = await client.get("/health/ready")
    assert (response.status_code, response.json()["status"]) == (200, "warn")
    assert response.json()["checks"]["redis"]["detail"] == "The database did not answer."


async def test_a_draining_service_is_alive_but_not_ready() -> None:
    fakes = Fakes()
    async with client_of(fakes) as client:
        fakes.draining = True
        assert (await client.get("/health/ready")).status_code == 503
        assert (await client.get("/health/live")).status_code == 200


async def test_readiness_is_remembered_for_a_moment() -> None:
    asked = 0

    async def probe() -> None:
        nonlocal asked
        asked += 1

    health = HealthService(required={"postgres": probe}, optional={}, startup={}, examiner=Examiner(), max_age=60)
    await asyncio.gather(*(health.ready() for _ in range(5)))
    assert asked == 1


async def test_what_started_stays_started() -> None:
    probes = iter([down, well, down])

    async def probe() -> None:
        await next(probes)()

    health = HealthService(required={}, optional={}, startup={"migrations": probe}, examiner=Examiner())
    assert [(await health.startup()).status for _ in range(4)] == ["fail", "pass", "pass", "pass"]


async def test_a_dependency_is_reported_up_or_down() -> None:
    seen: dict[str, bool] = {}
    probes = {"postgres": well}
    health = HealthService(
        required=probes, optional={"redis": down}, startup={}, examiner=Examiner(), observe=seen.__setitem__
    )
    await health.ready()
    assert seen == {"postgres": True, "redis": False}


@pytest.mark.parametrize(
    ("accept", "media_type", "end"),
    [
        ("text/plain", "text/plain; version=0.0.4; charset=utf-8", ""),
        ("application/openmetrics-text; version=1.0.0", "application/openmetrics-text; version=1.0.0", "# EOF\n"),
    ],
)
async def test_metrics_come_in_the_format_asked_for(
    own_client: httpx.AsyncClient, accept: str, media_type: str, end: str
) -> None:
    await own_client.post("/api/search", json={"query": "x"})
    await own_client.get("/api/documents/00000000-0000-0000-0000-00000000dead")
    response = await own_client.get("/metrics", headers={"accept": accept})
    assert response.headers["content-type"].startswith(media_type)
    assert response.text.endswith(end)
    assert 'http_requests_total{handler="/api/search",method="POST",status="200"} 1.0' in response.text
    assert (
        'http_requests_total{handler="/api/documents/{document_id}",method="GET",status="404"} 1.0' in response.text
    )
    assert re.search(r'http_request_duration_seconds_bucket\{handler="/api/search",le="0\.0025"', response.text)
    assert 'rag_build_info{version="' in response.text


async def test_a_response_that_breaks_off_counts_as_a_failure_whatever_its_head_said() -> None:
    async def pieces(last: Exception | None) -> AsyncIterator[bytes]:
        yield b"half"
        if last is not None:
            raise last

    app, metrics = FastAPI(), Metrics("1")
    app.add_api_route("/torn", lambda: StreamingResponse(pieces(OSError("disk"))))
    app.add_api_route("/whole", lambda: StreamingResponse(pieces(None)))
    instrument(app, metrics, hot=())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for path in ("/torn", "/whole"):
            assert (await client.get(path)).status_code == 200
    counted = {
        (sample.labels["handler"], sample.labels["status"]): sample.value
        for family in metrics.http_requests.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    }
    assert counted == {("/torn", "500"): 1, ("/whole", "200"): 1}


async def test_two_applications_share_no_metrics(own_client: httpx.AsyncClient) -> None:
    await own_client.post("/api/search", json={"query": "x"})
    async with client_of(Fakes(), fresh=True) as other:
        assert 'handler="/api/search"' not in (await other.get("/metrics")).text


async def test_a_valid_request_id_is_echoed_and_another_made_anew(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/live", headers={"x-request-id": "abc-1"})).headers["x-request-id"] == "abc-1"
    for bad in ("a b", "x" * 129, '"><script>'):
        made = (await client.get("/health/live", headers={"x-request-id": bad})).headers["x-request-id"]
        assert re.fullmatch(r"[0-9a-f-]{36}", made)


async def test_a_request_joins_the_callers_trace(client: httpx.AsyncClient) -> None:
    problem = (await client.get("/nothing", headers={"traceparent": TRACEPARENT})).json()
    assert problem["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "nonsense",
        TRACEPARENT.replace("00-4", "ff-4"),
        TRACEPARENT + "-x",
        "00-" + "0" * 32 + TRACEPARENT[35:],
        TRACEPARENT.upper(),
    ],
)
def test_a_malformed_traceparent_begins_a_new_trace(bad: str) -> None:
    assert correlate(bad).trace_id != "4bf92f3577b34da6a3ce929d0e0e4736"


def test_ids_go_along_with_what_a_request_causes() -> None:
    assert headers() == {}
    token = bind(correlate(TRACEPARENT, "abc"))
    try:
        sent = headers()
    finally:
        unbind(token)
    assert sent["x-request-id"] == "abc"
    assert sent["traceparent"].startswith("00-4bf92f3577b34da6a3ce929d0e0e4736-")
    assert sent["traceparent"] != TRACEPARENT


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text"])
async def test_metrics_show_the_series_of_ingestion_that_the_worker_alone_has(accept: str) -> None:
    worker = Metrics("1")
    worker.ingest_documents.labels("indexed").inc(3)
    worker.http_requests.labels("/x", "GET", "200").inc(5)

    async def told() -> str:
        encode, _ = choose_encoder("application/openmetrics-text")
        return encode(worker.registry).decode()

    async with client_of(Fakes(worker_metrics=told), fresh=True) as client:
        await client.get("/api/collections")
        text = (await client.get("/metrics", headers={"accept": accept})).text
    assert 'rag_ingest_documents_total{status="indexed"} 3.0' in text
    assert text.count("rag_ingest_documents_total{") == 1
    assert 'handler="/x"' not in text
    assert "/api/collections" in text


async def test_metrics_are_shown_without_a_worker_that_does_not_answer() -> None:
    async def silent() -> str:
        return ""

    async with client_of(Fakes(worker_metrics=silent)) as client:
        response = await client.get("/metrics")
    assert response.status_code == 200
    assert "# TYPE rag_ingest_documents" in response.text


async def test_lateness_of_the_event_loop_is_seen() -> None:
    seen: list[float] = []
    sampler = asyncio.create_task(sample_lag(seen.append, interval=0.001))
    await until(lambda: seen)
    sampler.cancel()
    assert seen
    assert all(lag >= 0 for lag in seen)


async def test_swagger_works_without_the_internet(client: httpx.AsyncClient) -> None:
    page = (await client.get("/docs")).text
    assert not re.findall(r"https?://", page)
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert (await client.get(address)).status_code == 200, address


async def test_every_operation_is_documented(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/openapi.json")).json()
    operations = [
        (path, method, operation) for path, item in schema["paths"].items() for method, operation in item.items()
    ]
    assert {"/api/search", "/api/chat", "/api/documents", "/metrics", "/health/ready"} <= schema["paths"].keys()
    names = [operation["operationId"] for _, _, operation in operations]
    assert len(names) == len(set(names))
    for path, _, operation in operations:
        assert operation["tags"], path
        assert "500" in operation["responses"], path
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                if path == "/health/deep" and status == "503":
                    continue  # a report that says `fail`, in the format of every other report
                schema_of = response["content"]["application/problem+json"]["schema"]
                assert schema_of == {"$ref": "#/components/schemas/Problem"}
    assert "Problem" in schema["components"]["schemas"]
    assert "HTTPValidationError" not in schema["components"]["schemas"]


async def test_keys_are_documented_when_they_are_asked_for() -> None:
    async with client_of(Fakes(), auth_mode="api_key") as client:
        schema = (await client.get("/openapi.json")).json()
    assert schema["paths"]["/api/search"]["post"]["security"] == [{"bearer": ["read"]}, {"key": ["read"]}]
    assert "security" not in schema["paths"]["/health/live"]["get"]
