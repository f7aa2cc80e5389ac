"""Dashboards and rules: made from their code, of metrics that exist, with a runbook for every alert."""

import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.cache.stats import CacheStats
from app.observers.cache import CacheCollector
from app.telemetry.metrics import Metrics
from deploy.grafana.generate import DASHBOARDS, FOLDER, main
from tests.support.folders import REPO
from tests.support.telemetry.prometheus import panels, queries_of, selectors

PROMETHEUS = REPO / "deploy/prometheus"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
FILES = sorted(FOLDER.glob("*.json"))

# What Prometheus adds to every series, and the series that it makes itself.
ADDED = {"job", "instance", "le"}
_OTHERS: dict[str, set[str]] = {
    "up": set(),
    "process_cpu_seconds_total": set(),
    "process_resident_memory_bytes": set(),
}


def instruments() -> dict[str, set[str]]:
    """Every series that the service has, with its labels."""
    known = dict(_OTHERS)
    for name, collector in Metrics("0").registry._names_to_collectors.items():
        known[name] = set(getattr(collector, "_labelnames", ()))
    for family in CacheCollector(CacheStats()).collect():
        for suffix in ("_total",) if family.type == "counter" else ("_bucket", "_sum", "_count"):
            known[family.name + suffix] = set(vars(family)["_labelnames"])
    return known


def expressions() -> list[str]:
    found = [query for file in FILES for panel in panels(file) for query in queries_of(panel)]
    for rules in RULES:
        text = rules.read_text()
        found += re.findall(r"^ +expr: (?!\|)(.+)$", text, re.MULTILINE)
        found += re.findall(r"^ +expr: \|\n((?: {10}.*\n)+)", text, re.MULTILINE)
    return found


def test_the_dashboards_are_what_their_code_makes(tmp_path: Path) -> None:
    main(tmp_path)
    made = {file.name: file.read_text() for file in tmp_path.iterdir()}
    assert made == {file.name: file.read_text() for file in FILES}, "run `make dashboards`"
    assert len(made) == len(DASHBOARDS) == 6


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dashboard_can_be_provisioned_anywhere(file: Path) -> None:
    board: dict[str, Any] = json.loads(file.read_text())
    assert board["uid"] == file.stem
    assert board["id"] is None
    assert isinstance(board["schemaVersion"], int)
    assert [variable["type"] for variable in board["templating"]["list"]] == ["datasource"]
    numbers = [panel["id"] for panel in board["panels"]]
    assert len(set(numbers)) == len(numbers)
    for panel in panels(file):
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
        assert panel["description"].endswith((".", "3d and 6h.")), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            assert not re.search(r"rate\([^[]*\[\d", target["expr"]), "a rate takes $__rate_interval"
    for one, other in itertools.combinations([panel["gridPos"] for panel in board["panels"]], 2):
        assert (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )


def test_queries_ask_for_series_and_labels_that_the_service_has() -> None:
    known = instruments()
    recorded = {name for rules in RULES for name in re.findall(r"record: (\S+)", rules.read_text())}
    asked: set[str] = set()
    for expression in expressions():
        for metric, labels in selectors(expression):
            asked.add(metric)
            if metric in recorded:
                continue
            assert metric in known, f"{metric} in {expression}"
            assert labels <= known[metric] | ADDED, f"{labels} of {metric}"
        for grouping in re.findall(r"by \(([^)]+)\)", expression):
            labels = {label.strip() for label in grouping.split(",")}
            of_metrics = {label for metric, _ in selectors(expression) for label in known.get(metric, set())}
            assert labels <= of_metrics | ADDED, f"{labels} in {expression}"
    assert recorded & asked
    # What nobody looks at need not be measured: every instrument of the service is on a dashboard or in a rule.
    families = {re.sub(r"_(bucket|sum|count|total|created)$", "", metric) for metric in asked}
    unseen = {
        re.sub(r"_(bucket|sum|count|total|created)$", "", name)
        for name in known
        if name.startswith(("rag_", "gen_ai_", "http_"))
    } - families
    assert unseen == set()


def test_every_alert_has_a_runbook() -> None:
    text = (PROMETHEUS / "rules/alerts.yml").read_text()
    alerts = re.findall(r"- alert: (\S+)", text)
    links = re.findall(r"runbook_url: (\S+)", text)
    assert len(alerts) == len(links) >= 20
    for link in links:
        page, _, anchor = link.partition("#")
        headings = re.findall(r"^#+ (.+)$", (REPO / page).read_text(), re.MULTILINE)
        assert anchor in {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}, (
            link
        )
    tested = "".join(path.read_text() for path in (PROMETHEUS / "tests").glob("*.yml"))
    assert [alert for alert in alerts if f"alertname: {alert}\n" not in tested] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "config", "prometheus.yml"],
        ["check", "rules", *(str(path) for path in RULES)],
        ["test", "rules", *(str(path) for path in sorted((PROMETHEUS / "tests").glob("*.yml")))],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_promtool_accepts_the_configuration_and_the_rules_do_what_their_tests_say(arguments: list[str]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed (Debian: apt-get install prometheus)")
    done = subprocess.run([promtool, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
