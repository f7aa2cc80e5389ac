"""After requests of known kinds, every counter of a real API and a real worker has exactly the right value.

Memory alone is enabled as a cache: on a busy machine a look into a shared tier may come too late, and be an error.
What those count is in `tests/unit/telemetry/test_cache_metrics.py`.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.embedded.supervisor.probes import free_port
from tests.support.fake_ollama import FakeOllama
from tests.support.folders import short_folder
from tests.support.processes.replica import api_and_worker, environment, ingested, settled

TEXT = "The harbour of Amberg lies behind a wall of granite. Ships wait there for the tide."
# The splitter makes four chunks of it.
LONGER = "\n\n".join(f"# Part {number}\n\n{TEXT * 12}" for number in range(3))
# Counted by the clock, by the garbage collector or by this test's own polling.
_UNTIMELY = ("python_", "process_", "rag_event_loop_lag", "rag_db_pool_acquire")
_POLLED = "handler=/api/documents/{document_id},method=GET"


def http(method: str, path: str, status: int) -> str:
    labels = f"handler={path},method={method},status={status}"
    return f"http_requests_total{{{labels}}} 1\nhttp_request_duration_seconds_count{{{labels}}} 1\n"


MISSED = "rag_cache_requests_total{cache=embedding,result=miss,tier=l1} 1\n"
EMBEDDED = """
gen_ai_client_embeddings_duration_seconds_count{model=all-minilm,provider=ollama} 1
rag_embedding_batch_size_count{model=all-minilm,provider=ollama} 1
"""
FOUND = """
rag_stage_duration_seconds_count{stage=embed} 1
rag_stage_duration_seconds_count{stage=retrieve} 1
rag_retrieved_chunks_count{mode=hybrid} 1
rag_retrieval_top_score_count{mode=hybrid} 1
"""
SEARCHED = f"{MISSED}{EMBEDDED}{FOUND}rag_cache_requests_total{{cache=retrieval,result=miss,tier=l1}} 1\n"
IN_MEMORY = "rag_cache_operation_duration_seconds_count{op=get,tier=l1} 1\n"
NOT_ANSWERED_BEFORE = "rag_cache_requests_total{cache=answer,result=miss,tier=l1} 1\n"
ANSWERED_BEFORE = f"""
rag_cache_requests_total{{cache=answer,result=hit,tier=l1}} 1
{IN_MEMORY}
rag_queries_total{{outcome=answered}} 1
rag_query_duration_seconds_count{{cache=l1,outcome=answered}} 1
rag_time_to_first_token_seconds_count{{cache=l1,model=smollm2:135m}} 1
"""
PROMPTED = "rag_stage_duration_seconds_count{stage=prompt} 1\n"
_CHAT = "gen_ai_operation_name=chat,gen_ai_provider_name=ollama,gen_ai_request_model=smollm2:135m"
BEGUN = f"""
gen_ai_client_inference_duration_seconds_count{{{_CHAT}}} 1
gen_ai_client_inference_time_to_first_chunk_seconds_count{{{_CHAT}}} 1
"""
GENERATED = f"""
{BEGUN}
gen_ai_client_inference_time_per_output_chunk_seconds_count{{{_CHAT}}} 3
gen_ai_client_inference_usage_input_tokens_total{{model=smollm2:135m,provider=ollama}} 10
gen_ai_client_inference_usage_output_tokens_total{{model=smollm2:135m,provider=ollama}} 3
rag_stage_duration_seconds_count{{stage=generate}} 1
rag_context_tokens_count{{}} 1
rag_citations_per_answer_count{{}} 1
rag_citations_invalid_total{{reason=unknown_source}} 1
rag_queries_total{{outcome=answered}} 1
rag_query_duration_seconds_count{{cache=miss,outcome=answered}} 1
rag_time_to_first_token_seconds_count{{cache=miss,model=smollm2:135m}} 1
"""
# Of a model that said nothing, the quotes are the answer.
QUOTED = """
rag_stage_duration_seconds_count{stage=quote} 1
rag_citations_per_answer_count{} 1
rag_time_to_first_token_seconds_count{cache=miss,model=smollm2:135m} 1
"""
INGESTED = """
rag_ingest_documents_total{status=indexed} 1
rag_ingest_job_attempts_total{result=ok} 1
rag_ingest_stage_duration_seconds_count{stage=parse} 1
rag_ingest_stage_duration_seconds_count{stage=chunk} 1
rag_ingest_stage_duration_seconds_count{stage=store} 1
rag_ingest_stage_duration_seconds_count{stage=embed} 1
"""


def streamed(end: str) -> str:
    return f"rag_sse_streams_total{{end={end}}} 1\n"


def ended(outcome: str) -> str:
    return (
        f"rag_queries_total{{outcome={outcome}}} 1\n"
        f"rag_query_duration_seconds_count{{cache=miss,outcome={outcome}}} 1\n"
    )


def chunks(**operations: int) -> str:
    return "".join(f"rag_ingest_chunks_total{{op={name}}} {number}\n" for name, number in operations.items())


def total(*lines: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for line in "\n".join(lines).split("\n"):
        if line:
            name, _, value = line.rpartition(" ")
            found[name] += int(value)
    return found


@dataclass
class Watched:
    """A real API and a real worker, whose counters are compared before and after."""

    http: httpx.AsyncClient
    worker_url: str
    models: FakeOllama

    async def counts(self, url: str) -> Counter[str]:
        """Every counter, and every histogram's number of observations."""
        scraped = await self.http.get(f"{url}/metrics", headers={"accept": "text/plain"})
        found: Counter[str] = Counter()
        for family in text_string_to_metric_families(scraped.text):
            for sample in family.samples:
                if sample.name.endswith(("_total", "_count")) and not sample.name.startswith(_UNTIMELY):
                    labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
                    found[f"{sample.name}{{{labels}}}"] = int(sample.value)
        return Counter({name: value for name, value in found.items() if _POLLED not in name})

    async def expect(self, act: Awaitable[Any], *api: str, worker: str = "") -> Any:
        """Do something and wait until exactly these have been counted."""
        before = await self.counts(""), await self.counts(self.worker_url)
        result = await act
        expected = total(*api), total(worker)
        seen = expected
        for _ in range(1200):
            after = await self.counts(""), await self.counts(self.worker_url)
            seen = after[0] - before[0], after[1] - before[1]
            if seen == expected:
                break
            await asyncio.sleep(0.05)
        beyond = [each - wanted for each, wanted in zip(seen, expected, strict=True)]
        missing = [wanted - each for each, wanted in zip(seen, expected, strict=True)]
        assert (beyond, missing) == ([Counter(), Counter()], [Counter(), Counter()])
        return result

    async def upload(self, name: str, content: bytes) -> str:
        """The id of a document whose ingestion has ended."""
        return str((await ingested(self.http, name, content))["id"])

    async def replace(self, document: str, name: str, content: bytes) -> None:
        await self.http.put(f"/api/documents/{document}", files={"file": (name, content)})
        await settled(self.http, document)

    async def search(self, **details: Any) -> httpx.Response:
        return await self.http.post("/api/search", json={"query": "Where is the harbour?", **details})

    async def chat(self, question: str, **details: Any) -> httpx.Response:
        return await self.http.post("/api/chat", json={"question": question, **details})

    async def leave(self, question: str) -> None:
        """Go after the first word of an answer whose second never comes."""
        self.models.gap = 60
        async with self.http.stream("POST", "/api/chat", json={"question": question}) as answer:
            async for line in answer.aiter_lines():
                if line == "event: delta":
                    return


@pytest.fixture
async def watched(database_url: str) -> AsyncIterator[Watched]:
    with short_folder() as folder:
        models = FakeOllama()
        async with models.running():
            env = environment(
                database=database_url,
                redis="",
                models=models.url,
                folder=folder,
                L2_CACHE_ENABLED="false",
                L3_CACHE_ENABLED="false",
            )
            port = free_port()
            async with api_and_worker(env, folder, WORKER_METRICS_PORT=str(port)) as http:
                yield Watched(http, f"http://127.0.0.1:{port}", models)


async def test_every_counter_is_right_after_requests_of_known_kinds(watched: Watched) -> None:
    posted = http("POST", "/api/documents", 202)
    embedded = INGESTED + EMBEDDED

    document = await watched.expect(
        watched.upload("a.txt", TEXT.encode()), posted, worker=embedded + chunks(inserted=1)
    )
    await watched.expect(
        watched.upload("a.txt", TEXT.encode()), posted, "rag_ingest_documents_total{status=unchanged} 1"
    )
    await watched.expect(
        watched.upload("b.pdf", b"%PDF-1.4 nothing"),
        posted,
        worker="rag_ingest_documents_total{status=failed} 1\nrag_ingest_job_attempts_total{result=ok} 1",
    )

    await watched.expect(watched.search(), http("POST", "/api/search", 200), SEARCHED)
    await watched.expect(
        watched.search(),
        http("POST", "/api/search", 200),
        "rag_cache_requests_total{cache=retrieval,result=hit,tier=l1} 1",
        IN_MEMORY,
    )
    await watched.expect(
        watched.search(cache="bypass"),
        http("POST", "/api/search", 200),
        FOUND,
        "rag_cache_requests_total{cache=retrieval,result=bypass,tier=none} 1",
        "rag_cache_requests_total{cache=embedding,result=hit,tier=l1} 1",
        IN_MEMORY,
    )
    await watched.expect(watched.search(query=""), http("POST", "/api/search", 422))
    await watched.expect(watched.http.get("/nowhere"), http("GET", "none", 404))
    await watched.expect(watched.http.get("/health/ready"))

    question = "Where is granite? word:3"
    chatted = http("POST", "/api/chat", 200)
    await watched.expect(
        watched.chat(question),
        chatted,
        streamed("completed"),
        NOT_ANSWERED_BEFORE,
        SEARCHED,
        PROMPTED,
        GENERATED,
    )
    await watched.expect(watched.chat(question), chatted, streamed("completed"), ANSWERED_BEFORE)
    await watched.expect(watched.chat(question, stream=False), chatted, ANSWERED_BEFORE)
    await watched.expect(
        watched.chat("Where is nothing? word:0"),
        chatted,
        streamed("completed"),
        NOT_ANSWERED_BEFORE,
        SEARCHED,
        PROMPTED,
        BEGUN,
        "gen_ai_client_inference_usage_input_tokens_total{model=smollm2:135m,provider=ollama} 10",
        ended("answered"),
        QUOTED,
    )
    await watched.expect(
        watched.chat(question, collection="missing"), http("POST", "/api/chat", 404), ended("refused")
    )
    await watched.expect(
        watched.leave("Where is the tide? word:1000"),
        chatted,
        streamed("client_disconnect"),
        NOT_ANSWERED_BEFORE,
        SEARCHED,
        PROMPTED,
        BEGUN,
        ended("cancelled"),
        "rag_time_to_first_token_seconds_count{cache=miss,model=smollm2:135m} 1",
    )
    verdict = {"query_id": "00000000-0000-0000-0000-000000000007", "verdict": "up"}
    await watched.expect(
        watched.http.post("/api/feedback", json=verdict),
        http("POST", "/api/feedback", 201),
        "rag_feedback_total{verdict=up} 1",
    )

    await watched.expect(
        watched.replace(document, "a.txt", LONGER.encode()),
        http("PUT", "/api/documents/{document_id}", 202),
        worker=embedded + chunks(inserted=4, deleted=1),
    )
    await watched.expect(
        watched.http.delete(f"/api/documents/{document}"),
        http("DELETE", "/api/documents/{document_id}", 204),
        chunks(deleted=4),
    )
