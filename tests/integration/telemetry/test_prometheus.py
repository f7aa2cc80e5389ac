"""Debian's Prometheus scrapes two replicas and a worker: every panel and every rule finds data."""

import asyncio
import math
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from app.embedded.supervisor.probes import free_port
from deploy.grafana.generate import FOLDER
from tests.support.fake_ollama import FakeOllama
from tests.support.folders import short_folder
from tests.support.processes.replica import Replica, client, environment, settled, worker
from tests.support.telemetry.prometheus import Prometheus, configured, panels, queries_of, running, selector_texts

TEXT = "The harbour of Amberg lies behind a wall of granite. Ships wait there for the tide."
# The longest scrape and evaluation, twice over, after the traffic ended.
SETTLE = 4
RANGE = "1m"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
RECORDED = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


@pytest.fixture
async def prometheus(database_url: str, valkey_url: str) -> AsyncIterator[Prometheus]:
    """It has seen two replicas and a worker do a little of everything."""
    binary = shutil.which("prometheus")
    if binary is None:
        pytest.skip("prometheus is not installed (Debian: apt-get install prometheus)")
    with short_folder() as folder:
        async with FakeOllama(gap=0.005).running() as models:
            env = environment(database=database_url, redis=valkey_url, models=models.url, folder=folder)
            # So small that a few questions have to make room for each other.
            env |= {"L1_CACHE_MAX_ENTRIES": "8", "SEMANTIC_CACHE_MODE": "off"}
            replicas = [Replica(env, folder / f"api-{n}.log", "--drain", "0") for n in range(2)]
            port = free_port()
            worked = worker({**env, "WORKER_METRICS_PORT": str(port)}, folder / "worker.log")
            ports = {"localchat": [replica.port for replica in replicas], "localchat-worker": [port]}
            try:
                worked.start()
                async with running(binary, configured(folder, ports)) as prometheus:
                    for replica in replicas:
                        # The second finds what the first left in the shared tiers, and tells of it as it starts.
                        replica.start()
                        await replica.ready()
                        await traffic(replica.url)
                    await search_while_redis_hangs(valkey_url, replicas[0].url)
                    await asyncio.sleep(1.5)  # a rate takes two samples of a series
                    await asyncio.gather(*(traffic(replica.url) for replica in replicas))
                    await asyncio.sleep(SETTLE)
                    yield prometheus
            finally:
                for process in (*(replica.process for replica in replicas), worked):
                    process.stop(0)


async def traffic(url: str) -> None:
    """Documents in, out, again and broken; questions asked, asked again, at once, judged, and left."""
    run = f"{os.getpid()}-{time.monotonic_ns()}"
    async with client(url) as http:
        await upload(http, "harbour.txt", f"{TEXT} {run}")
        await upload(http, "again.txt", f"{TEXT} {run}")
        await upload(http, "broken.pdf", f"%PDF-1.4 {run}")
        await upload(http, "unread.eml", mail_with_an_unread_attachment(run))
        for number in range(12):
            for _ in range(2):
                await http.post("/api/search", json={"query": f"tide {number}"})
        for question in (f"Where is harbour {run}? word:5", f"Where is granite {run}? busy word:5"):
            together = [http.post("/api/chat", json={"question": question, "stream": False}) for _ in range(3)]
            answers = await asyncio.gather(*together)
            assert [answer.status_code for answer in answers] == [200] * 3, answers[0].text
            await http.post("/api/chat", json={"question": question}, headers=RECORDED)
        async with http.stream("POST", "/api/chat", json={"question": f"Where is {run}? word:9999"}) as answer:
            async for line in answer.aiter_lines():
                if line == "event: delta":
                    break
        await replace_what_was_found(http, f"c{time.monotonic_ns()}")
        await http.post("/api/feedback", json={"query_id": "00000000-0000-0000-0000-000000000007", "verdict": "up"})
        await http.get("/api/documents/00000000-0000-0000-0000-00000000dead")


def mail_with_an_unread_attachment(text: str) -> str:
    message = EmailMessage()
    message["Subject"] = "Tides"
    message.set_content(f"{TEXT} {text}")
    message.add_attachment(b"\0\1", maintype="application", subtype="octet-stream", filename="tides.bin")
    return message.as_string()


async def replace_what_was_found(http: httpx.AsyncClient, collection: str) -> None:
    """In a collection of its own, whose size stays the same: the result that is kept becomes unfit, not unknown."""
    await http.post("/api/collections", json={"name": collection})
    document = await upload(http, "harbour.txt", TEXT, collection)
    search = {"query": "harbour", "collection": collection}
    while (await http.post("/api/search", json=search)).json()["cache"]["status"] != "hit":
        pass
    answer = await http.put(f"/api/documents/{document}", files={"file": ("harbour.txt", TEXT.upper().encode())})
    assert answer.status_code == 202, answer.text
    await settled(http, document)
    await http.post("/api/search", json=search)


async def search_while_redis_hangs(valkey_url: str, url: str) -> None:
    async with Redis.from_url(valkey_url) as redis, client(url) as http:
        await redis.client_pause(1000)
        answer = await http.post("/api/search", json={"query": "Which tide?"})
        assert answer.status_code == 200, answer.text
        await redis.ping()  # answered when the pause is over


async def upload(http: httpx.AsyncClient, name: str, text: str, collection: str = "default") -> str:
    files = {"files": (name, text.encode())}
    answer = await http.post("/api/documents", files=files, data={"collection": collection})
    (item,) = answer.json()["items"]
    await settled(http, item["id"])
    return str(item["id"])


def has_data(result: list[dict[str, Any]]) -> bool:
    return any(math.isfinite(float(series["value"][1])) for series in result)


async def lint(url: str) -> None:
    promtool = shutil.which("promtool")
    assert promtool is not None, "it comes with prometheus"
    async with client("") as http:
        text = (await http.get(url, headers={"accept": "text/plain"})).content
    linted = await asyncio.to_thread(
        subprocess.run, [promtool, "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (linted.returncode, linted.stdout, linted.stderr) == (0, b"", b""), url


async def test_every_target_panel_and_rule_has_data_and_latencies_name_recorded_traces(
    prometheus: Prometheus,
) -> None:
    targets = await prometheus.targets()
    assert sorted((target["labels"]["job"], target["health"]) for target in targets) == [
        ("localchat", "up"),
        ("localchat", "up"),
        ("localchat-worker", "up"),
    ]
    for target in targets:
        await lint(target["scrapeUrl"])
    for latency in ("http_request_duration", "rag_query_duration", "rag_time_to_first_token"):
        assert await prometheus.exemplars(f"{latency}_seconds_bucket") == {TRACE}

    asked = {
        query.replace("$__rate_interval", RANGE): f"{file.stem}: {panel['title']}"
        for file in sorted(FOLDER.glob("*.json"))
        for panel in panels(file)
        for query in queries_of(panel)
    }
    for rule in await prometheus.rules():
        assert (rule["health"], rule.get("lastError", "")) == ("ok", ""), rule
        # An alert has data only while it fires, so what it looks at must have.
        looked_at = [rule["name"]] if rule["type"] == "recording" else selector_texts(rule["query"])
        asked |= dict.fromkeys(looked_at, rule["name"])
    empty = {query: where for query, where in asked.items() if not has_data(await prometheus.query(query))}
    assert empty == {}
    assert len(asked) > 100
