"""compose.yaml: what it sets, runs and mounts is what there is."""

import re
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from typer.main import get_command

from app.cli import app as cli
from app.embedded.model_server.__main__ import argument_parser, read_config
from app.embedded.model_server.routes.middleware import is_local
from tests.support.api import settings_of
from tests.support.folders import REPO

SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((REPO / "compose.yaml").read_text())["services"]
OURS = ("app", "worker", "migrate")


@pytest.mark.parametrize("name", OURS)
def test_its_settings_are_valid_and_its_commands_understood(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = set(re.findall(r"^#?([A-Z0-9_]+)=", (REPO / ".env.example").read_text(), re.MULTILINE))
    environment = SERVICES[name]["environment"]
    assert set(environment) - {"PGPASSWORD"} <= known
    given = {"CACHE_SIGNING_KEYS": f"k1:{'f' * 64}", "POSTGRES_PASSWORD": "secret"}
    for key, value in {**environment, "HOST": "0.0.0.0"}.items():
        filled = re.sub(
            r"\$\{(\w+)(?::[-?]([^}]*))?\}",
            lambda found: given.get(found[1], found[2] or ""),
            value,
        )
        monkeypatch.setenv(key, filled)
    settings = settings_of()
    assert settings.database_url == "postgresql://localchat@postgres:5432/localchat"
    assert environment["PGPASSWORD"].startswith("${POSTGRES_PASSWORD"), "the driver reads it by itself"
    assert not settings.otel_exporter_otlp_endpoint, "no traces unless somebody asks for them"
    command, *arguments = SERVICES[name]["command"]
    get_command(cli).commands[command].make_context(command, arguments)  # type: ignore[attr-defined]


def test_the_reranker_is_the_bundled_one_under_the_name_that_is_set() -> None:
    service = SERVICES["reranker"]
    given = read_config(argument_parser().parse_args(service["command"]))
    (alias,) = service["networks"]["default"]["aliases"]
    assert is_local(alias)
    assert SERVICES["app"]["environment"]["RERANK_BASE_URL"] == f"http://{alias}:{given.port}"


def test_what_is_mounted_exists() -> None:
    mounted = [
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", ())
        if volume.startswith("./")
    ]
    assert len(mounted) >= 4
    assert [path for path in mounted if not (REPO / path).exists()] == []


def test_prometheus_looks_for_services_by_the_names_that_they_have() -> None:
    jobs = yaml.safe_load((REPO / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    looked_for = {found["names"][0]: found["port"] for job in jobs for found in job["dns_sd_configs"]}
    assert looked_for == {
        "app": int(SERVICES["app"]["ports"][0].rsplit(":", 1)[1]),
        "worker": int(SERVICES["worker"]["environment"]["WORKER_METRICS_PORT"]),
    }


def test_the_collector_takes_traces_where_they_are_sent_and_passes_them_on() -> None:
    collector = yaml.safe_load((REPO / "deploy/otel/collector.yaml").read_text())
    for pipeline in collector["service"]["pipelines"].values():
        for part, names in pipeline.items():
            assert set(names) <= set(collector[part])
    assert collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"].endswith(":4318")
    (exported,) = collector["exporters"].values()
    target = re.fullmatch(r"http://(\w+):4318", exported["endpoint"])
    assert target
    assert SERVICES[target[1]]["profiles"] == SERVICES["collector"]["profiles"] == ["traces"]
