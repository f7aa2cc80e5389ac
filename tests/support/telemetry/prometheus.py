"""Debian's Prometheus on the shipped configuration, and what dashboards and rules ask it."""

import asyncio
import json
import re
import shutil
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.embedded.supervisor.probes import answers, free_port
from app.embedded.supervisor.process import ChildProcess
from tests.support.folders import REPO

CONFIGURATION = REPO / "deploy/prometheus"

_FUNCTIONS = {
    "sum",
    "min",
    "max",
    "count",
    "rate",
    "increase",
    "absent",
    "vector",
    "histogram_quantile",
    "max_over_time",
    "by",
    "on",
}
_WORDS = _FUNCTIONS | {"and", "or", "unless", "le", "bool"}


def panels(dashboard: Path) -> list[dict[str, Any]]:
    return [panel for panel in json.loads(dashboard.read_text())["panels"] if panel["type"] != "row"]


def queries_of(panel: Mapping[str, Any]) -> list[str]:
    return [target["expr"] for target in panel["targets"]]


def selectors(expression: str) -> list[tuple[str, set[str]]]:
    """The series that PromQL selects: each metric's name with the labels that its matchers name."""
    plain = re.sub(r"(by|on) \([^)]*\)", "", expression)
    found = []
    for name, matchers in re.findall(
        r"(?<![\w\"$])([a-z_][a-z0-9_:]*)(\{[^}]*\})?(?=[\s\[)\]/*>=-]|$)", _unquoted(plain)
    ):
        if name not in _WORDS:
            found.append((name, set(re.findall(r"(\w+)(?:=~|!=|=)", matchers))))
    return found


def selector_texts(expression: str) -> list[str]:
    """The same as PromQL: `metric{matchers}`."""
    plain = re.sub(r"(by|on) \([^)]*\)", "", expression)
    pairs = re.findall(r"(?<![\w\"$:])([a-z_][a-z0-9_:]*)(\{[^}]*\})?(?=[\s\[)\]/*>=-]|$)", plain)
    return [name + matchers for name, matchers in pairs if name not in _WORDS]


def _unquoted(expression: str) -> str:
    return re.sub(r'"[^"]*"', '""', expression)


@dataclass(frozen=True)
class Prometheus:
    http: httpx.AsyncClient

    async def query(self, expression: str) -> list[dict[str, Any]]:
        answer = await self.http.get("/api/v1/query", params={"query": expression})
        body = answer.json()
        assert body["status"] == "success", f"{expression}: {body}"
        result: list[dict[str, Any]] = body["data"]["result"]
        return result

    async def exemplars(self, expression: str) -> set[str]:
        """The traces that exemplars of these series name."""
        now = time.time()
        asked: dict[str, str | float] = {"query": expression, "start": now - 600, "end": now + 1}
        found = (await self.http.get("/api/v1/query_exemplars", params=asked)).json()["data"]
        return {each["labels"]["trace_id"] for series in found for each in series["exemplars"]}

    async def rules(self) -> list[dict[str, Any]]:
        groups = (await self.http.get("/api/v1/rules")).json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    async def targets(self) -> list[dict[str, Any]]:
        active: list[dict[str, Any]] = (await self.http.get("/api/v1/targets")).json()["data"]["activeTargets"]
        return active


def configured(folder: Path, ports: Mapping[str, Sequence[int]], *, seconds: int = 1) -> Path:
    """The shipped configuration with these ports of this machine in place of what discovery would find."""
    text = (CONFIGURATION / "prometheus.yml").read_text().replace("15s", f"{seconds}s")
    for job, found in ports.items():
        addresses = ", ".join(f'"127.0.0.1:{port}"' for port in found)
        text, count = re.subn(
            rf"(job_name: {job}\n)    dns_sd_configs:\n      - .*\n",
            rf"\1    static_configs:\n      - targets: [{addresses}]\n",
            text,
        )
        assert count == 1, job
    shutil.copytree(CONFIGURATION / "rules", folder / "rules")
    path = folder / "prometheus.yml"
    path.write_text(text)
    return path


@asynccontextmanager
async def running(binary: str, configuration: Path) -> AsyncIterator[Prometheus]:
    port = free_port()
    folder = configuration.parent
    process = ChildProcess(
        "Prometheus",
        [
            binary,
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--enable-feature=exemplar-storage",
        ],
        log=folder / "prometheus.log",
    )
    try:
        process.start()
        await asyncio.to_thread(process.wait_until, lambda: answers("127.0.0.1", port, "/-/ready"), 30)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
            yield Prometheus(http)
    finally:
        await asyncio.to_thread(process.stop, 5)
