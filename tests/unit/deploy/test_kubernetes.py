"""The manifests: what they name exists, what they run is understood, and they ask for no needless rights."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from typer.main import get_command

from app.api.routers import operations
from app.cli import app as cli
from app.settings import SettingsError, load_settings
from deploy.prometheus.operator import TARGET, rendered
from tests.support.api import settings_of
from tests.support.folders import REPO

KUSTOMIZE = REPO / "deploy/kustomize"
OVERLAYS = sorted((KUSTOMIZE / "overlays").iterdir())
VALIDATOR = REPO / ".venv/deploy/bin/kubernetes-validate"
# Of Kubernetes. The oldest that is still supported.
RELEASE = "1.34"
# What no validator knows the schema of.
CUSTOM = {"ServiceMonitor", "PrometheusRule", "ScaledObject", "Cluster"}

Document = dict[str, Any]


def documents(folder: Path) -> list[Document]:
    """The resources of a folder, as they are before kustomize puts them together."""
    files = [path for path in sorted(folder.rglob("*.yaml")) if path.name != "kustomization.yaml"]
    return [document for path in files for document in yaml.safe_load_all(path.read_text())]


def kustomization(folder: Path) -> Document:
    loaded: Document = yaml.safe_load((folder / "kustomization.yaml").read_text())
    return loaded


def named(kind: str, name: str) -> Document:
    (found,) = (each for each in ALL if each["kind"] == kind and each["metadata"]["name"] == name)
    return found


ALL = documents(KUSTOMIZE)
PODS = {
    each["metadata"]["name"]: each["spec"]["template"]
    for each in ALL
    if each["kind"] in {"Deployment", "StatefulSet", "Job"}
}
OURS = ("localchat", "localchat-worker", "localchat-migrate")


def container(name: str) -> Document:
    (found,) = PODS[name]["spec"]["containers"]
    return dict(found)


def labels(name: str) -> set[tuple[str, str]]:
    """Of a pod, those included that the base gives to all of its own."""
    common = kustomization(KUSTOMIZE / "base")["labels"][0]["pairs"] if name in OURS else {}
    return set({**PODS[name]["metadata"]["labels"], **common}.items())


def test_probes_ask_what_is_answered() -> None:
    routes = {route.path for route in operations.router.routes}  # type: ignore[attr-defined]
    asked = [
        (name, probe["httpGet"])
        for name in OURS
        for kind, probe in container(name).items()
        if kind.endswith("Probe")
    ]
    assert len(asked) == 4
    for name, request in asked:
        assert request["path"] in routes
        assert request["port"] in {port["name"] for port in container(name)["ports"]}


@pytest.mark.parametrize("name", OURS)
def test_commands_are_understood_and_there_is_time_to_stop(name: str) -> None:
    command, *arguments = container(name)["args"]
    context = get_command(cli).commands[command].make_context(command, arguments)  # type: ignore[attr-defined]
    needed = context.params.get("drain", 0) + context.params.get("grace", 0)
    assert PODS[name]["spec"].get("terminationGracePeriodSeconds", 30) >= needed + 10


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda overlay: overlay.name)
def test_what_is_set_is_a_valid_setting(overlay: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        line
        for folder in (KUSTOMIZE / "base", overlay)
        for generator in kustomization(folder).get("configMapGenerator", ())
        for line in generator["literals"]
    ]
    lines += (overlay / "secrets.env.example").read_text().splitlines()
    values = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
    with pytest.raises(SettingsError, match="CACHE_SIGNING_KEYS"):
        load_settings(cache_signing_keys=values["CACHE_SIGNING_KEYS"])
    values["CACHE_SIGNING_KEYS"] += "f" * 64
    known = set(re.findall(r"^#?([A-Z0-9_]+)=", (REPO / ".env.example").read_text(), re.MULTILINE))
    assert set(values) <= known
    # What CloudNativePG gives, and what the image sets.
    values.setdefault("DATABASE_URL", "postgresql://localchat@postgres/localchat")
    for name, value in {**values, "HOST": "0.0.0.0"}.items():
        monkeypatch.setenv(name, value)
    settings = settings_of()
    assert (settings.auth_mode, len(settings.cache_signing_keys)) == ("api_key", 1)
    assert settings.redis_url
    assert settings.ollama_base_url


@pytest.mark.parametrize("name", sorted(PODS))
def test_pods_have_no_rights_that_they_do_not_need(name: str) -> None:
    spec = PODS[name]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    (only,) = spec["containers"]
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert only["resources"]["requests"].keys() == {"cpu", "memory"}
    assert "memory" in only["resources"]["limits"]
    assert name in OURS or re.search(r":\d", only["image"]), "the overlays name a release of ours"


def selected(selector: dict[str, str]) -> set[str]:
    found = {name for name in PODS if selector.items() <= labels(name)}
    assert found, selector
    return found


def test_services_monitors_and_policies_select_pods_that_have_their_ports() -> None:
    for each in ALL:
        spec = each.get("spec", {})
        match each["kind"]:
            case "Service":
                (name,) = selected(spec["selector"])
                served = {port["name"] for port in container(name)["ports"]}
                assert {port["targetPort"] for port in spec["ports"]} <= served
            case "ServiceMonitor":
                service = named("Service", each["metadata"]["name"])
                assert spec["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
                assert {end["port"] for end in spec["endpoints"]} <= {
                    port["name"] for port in service["spec"]["ports"]
                }
            case "PodDisruptionBudget":
                assert selected(spec["selector"]["matchLabels"]) == {each["metadata"]["name"]}
            case "NetworkPolicy" if "matchLabels" in spec["podSelector"]:
                selected(spec["podSelector"]["matchLabels"])
            case "HorizontalPodAutoscaler" | "ScaledObject":
                target = spec["scaleTargetRef"]["name"]
                assert "replicas" not in named("Deployment", target)["spec"], "the autoscaler says how many"


def test_every_connection_of_ours_is_allowed() -> None:
    (*_, egress) = named("NetworkPolicy", "localchat-servers")["spec"]["egress"]
    open_ports = {port["port"] for port in egress["ports"]}
    assert open_ports == {5432, 6379, 11434, 4318}
    assert {
        port["port"] for port in named("NetworkPolicy", "localchat-scrapes")["spec"]["ingress"][0]["ports"]
    } == {port["containerPort"] for name in ("localchat", "localchat-worker") for port in container(name)["ports"]}


def test_postgres_has_connections_for_as_many_as_there_may_be() -> None:
    """What each takes at most is in docs/OPERATIONS.md, under capacity."""
    capacity = (REPO / "docs/OPERATIONS.md").read_text()
    found = re.search(r"A replica uses at most (\d+) of Postgres .*?, a worker (\d+)", capacity)
    assert found
    replicas = named("HorizontalPodAutoscaler", "localchat")["spec"]["maxReplicas"] + 1  # one more while rolling
    workers = named("ScaledObject", "localchat-worker")["spec"]["maxReplicaCount"] + 1
    parameters = named("Cluster", "localchat-postgres")["spec"]["postgresql"]["parameters"]
    others = 20  # the operator, its standbys, a migration, a person
    assert replicas * int(found[1]) + workers * int(found[2]) + others <= int(parameters["max_connections"])


def test_jobs_rules_and_dashboards_are_those_of_prometheus_and_grafana() -> None:
    jobs = {
        job["job_name"]
        for job in yaml.safe_load((REPO / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    }
    assert jobs == {each["metadata"]["name"] for each in ALL if each["kind"] == "ServiceMonitor"}
    assert TARGET.read_text() == rendered(), "run `make dashboards`"
    rules = [
        yaml.safe_load(path.read_text())["groups"]
        for path in sorted((REPO / "deploy/prometheus/rules").glob("*.yml"))
    ]
    assert named("PrometheusRule", "localchat")["spec"]["groups"] == [group for groups in rules for group in groups]
    grafana = REPO / "deploy/grafana"
    listed = [file for generator in kustomization(grafana)["configMapGenerator"] for file in generator["files"]]
    assert sorted(listed) == sorted(f"dashboards/{path.name}" for path in (grafana / "dashboards").glob("*.json"))


@pytest.fixture
def validator() -> Path:
    if not VALIDATOR.exists():
        pytest.skip("kubernetes-validate is not installed (make .venv/.deploy)")
    return VALIDATOR


def validate(validator: Path, path: Path) -> None:
    done = subprocess.run(
        [validator, "--strict", "--kubernetes-version", RELEASE, path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    unknown = set(re.findall(r"Couldn't find schema for kind (\w+)", done.stderr))
    assert unknown <= CUSTOM
    assert " passed for resource " in done.stdout


def test_resources_are_what_kubernetes_takes(validator: Path, tmp_path: Path) -> None:
    written = tmp_path / "all.yaml"
    written.write_text(yaml.safe_dump_all(ALL))
    validate(validator, written)


@pytest.fixture
def deployed(tmp_path: Path) -> Path:
    """The manifests with the examples of their secrets filled in."""
    for part in ("kustomize", "grafana"):
        shutil.copytree(REPO / "deploy" / part, tmp_path / part)
    for example in tmp_path.rglob("secrets.env.example"):
        shutil.copy(example, example.with_suffix(""))
    return tmp_path / "kustomize"


@pytest.mark.parametrize("overlay", OVERLAYS, ids=lambda overlay: overlay.name)
def test_overlays_render_to_what_kubernetes_takes(overlay: Path, deployed: Path, validator: Path) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is not installed")
    told = subprocess.run([kubectl, "version", "--client"], capture_output=True, text=True, check=False).stdout
    if not re.search(r"Kustomize Version: v[5-9]", told):
        pytest.skip("kubectl is too old to know components")
    written = deployed / f"{overlay.name}.yaml"
    done = subprocess.run(
        [kubectl, "kustomize", deployed / "overlays" / overlay.name], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    written.write_text(done.stdout)
    validate(validator, written)
    made = list(yaml.safe_load_all(done.stdout))
    assert {each["metadata"].get("namespace", "localchat") for each in made} == {"localchat"}
    images = re.findall(r"image: (\S+)", done.stdout)
    assert all(re.search(r":\d", image) for image in images), images
    for each in made:
        if each["kind"] in {"Deployment", "Job"} and each["metadata"]["name"] in OURS:
            (only,) = each["spec"]["template"]["spec"]["containers"]
            variables = {variable["name"] for variable in only.get("env", ())}
            assert overlay.name == "external" or "DATABASE_URL" in variables
