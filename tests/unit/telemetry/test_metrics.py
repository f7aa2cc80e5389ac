"""The instruments: their names, their exemplars, and what is left of them when they are off."""

import asyncio
import shutil
import subprocess

import httpx
import pytest
from prometheus_client import generate_latest
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from app.cache.stats import CacheStats
from app.embedded.supervisor.probes import free_port
from app.observers.cache import CacheCollector
from app.telemetry.correlation import bind, correlate, unbind
from app.telemetry.exposition import served
from app.telemetry.instruments import timed
from app.telemetry.metrics import Metrics

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
# What dashboards and alerts are built on.
CONTRACT = """
http_requests_total{handler,method,status} http_request_duration_seconds{handler,method,status}
rag_queries_total{outcome} rag_query_duration_seconds{outcome,cache} rag_stage_duration_seconds{stage}
rag_time_to_first_token_seconds{model,cache} rag_retrieved_chunks{mode} rag_retrieval_top_score{mode}
rag_context_tokens{} rag_citations_per_answer{} rag_citations_invalid_total{reason} rag_feedback_total{verdict}
rag_cache_requests_total{cache,tier,result} rag_cache_operation_duration_seconds{tier,op}
rag_cache_entries{cache,tier} rag_cache_size_bytes{cache,tier} rag_cache_evictions_total{cache,tier,reason}
rag_cache_invalidations_total{cache,tier,reason} rag_cache_coalesced_total{cache}
gen_ai_client_inference_duration_seconds{gen_ai_operation_name,gen_ai_provider_name,gen_ai_request_model}
gen_ai_client_inference_time_to_first_chunk_seconds{gen_ai_operation_name,gen_ai_provider_name,gen_ai_request_model}
gen_ai_client_inference_time_per_output_chunk_seconds{gen_ai_operation_name,gen_ai_provider_name,gen_ai_request_model}
gen_ai_client_inference_usage_input_tokens_total{provider,model}
gen_ai_client_inference_usage_output_tokens_total{provider,model}
gen_ai_client_embeddings_duration_seconds{provider,model} rag_embedding_batch_size{provider,model}
rag_ingest_documents_total{status} rag_ingest_chunks_total{op} rag_ingest_warnings_total{kind}
rag_ingest_stage_duration_seconds{stage}
rag_ingest_queue_jobs{state} rag_ingest_queue_oldest_job_age_seconds{state} rag_ingest_job_attempts_total{result}
rag_db_pool_connections{state} rag_db_pool_acquire_seconds{} rag_upstream_retries_total{upstream}
rag_circuit_state{upstream} rag_dependency_up{dependency} rag_sse_streams_active{} rag_sse_streams_total{end}
rag_event_loop_lag_seconds{} rag_build_info{version}
"""


def instruments_of(metrics: Metrics) -> dict[str, tuple[str, ...]]:
    found = {}
    for collector in metrics.registry._collector_to_names:
        name = getattr(collector, "_name", None)
        if name is not None:
            found[name + ("_total" if collector._type == "counter" else "")] = tuple(collector._labelnames)  # type: ignore[attr-defined]
    return found


def collected(collector: Collector) -> dict[str, tuple[str, ...]]:
    """The families of a collector that makes them when they are scraped, with their labels."""
    return {
        family.name + ("_total" if family.type == "counter" else ""): tuple(vars(family)["_labelnames"])
        for family in collector.collect()
    }


def test_names_and_labels_are_those_that_dashboards_know() -> None:
    expected = {}
    for item in CONTRACT.split():
        name, _, labels = item.rstrip("}").partition("{")
        expected[name] = tuple(filter(None, labels.split(",")))
    assert instruments_of(Metrics("1")) | collected(CacheCollector(CacheStats())) == expected


def test_metrics_that_are_off_are_no_instruments_at_all() -> None:
    metrics = Metrics("1", enabled=False)
    metrics.queries.labels("answered").inc()
    with timed(metrics.query_duration.labels("answered", "l1")):
        metrics.sse_streams_active.inc()
        metrics.sse_streams_active.dec()
        metrics.dependency_up.labels("postgres").set(1)
    assert instruments_of(metrics) == {"rag_build_info": ("version",)}
    assert b"rag_queries" not in generate_latest(metrics.registry)


async def test_a_stage_is_timed_by_one_line_however_it_ends() -> None:
    metrics = Metrics("1")
    stage = metrics.stage_duration.labels("prompt")

    @timed(stage)
    async def double(number: int) -> int:
        if not number:
            raise ValueError
        return 2 * number

    assert await double(4) == 8
    with pytest.raises(ValueError):
        await double(0)
    with timed(stage):
        pass
    assert metrics.registry.get_sample_value("rag_stage_duration_seconds_count", {"stage": "prompt"}) == 3


@pytest.mark.parametrize("sampled", [True, False])
def test_a_latency_names_the_trace_it_was_seen_in_if_that_is_kept(sampled: bool) -> None:
    metrics = Metrics("1")
    token = bind(correlate(f"00-{TRACE}-00f067aa0ba902b7-0{int(sampled)}"))
    try:
        metrics.query_duration.labels("answered", "miss").observe(0.3)
    finally:
        unbind(token)
    encode, _ = choose_encoder("application/openmetrics-text; version=1.0.0")
    text = encode(metrics.registry).decode()
    assert (f'le="0.5",outcome="answered"}} 1.0 # {{trace_id="{TRACE}"}} 0.3' in text) is sampled


def test_promtool_finds_nothing_to_complain_about() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (apt-get install prometheus)")
    metrics = Metrics("1")
    metrics.registry.register(CacheCollector(CacheStats()))
    for collector in list(metrics.registry._collector_to_names):
        labels = getattr(collector, "_labelnames", ())
        if labels and not getattr(collector, "_labelvalues", ()):
            collector.labels(*("x" for _ in labels))  # type: ignore[attr-defined]
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=generate_latest(metrics.registry), capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


async def test_a_process_without_an_api_serves_its_metrics_and_its_liveness() -> None:
    port = free_port()
    async with served(Metrics("1").registry, host="127.0.0.1", port=port), httpx.AsyncClient() as client:
        scraped = await client.get(
            f"http://127.0.0.1:{port}/metrics", headers={"accept": "application/openmetrics-text"}
        )
        assert scraped.text.endswith("# EOF\n")
        assert (await client.get(f"http://127.0.0.1:{port}/health/live")).json()["status"] == "pass"
        assert (await client.get(f"http://127.0.0.1:{port}/other")).status_code == 404
        with pytest.raises(OSError, match="in use"):
            async with served(Metrics("1").registry, host="127.0.0.1", port=port):
                pass
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
