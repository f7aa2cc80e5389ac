"""Writes the rules as the Prometheus operator takes them: `python -m deploy.prometheus.operator`."""

import textwrap
from pathlib import Path

RULES = Path(__file__).with_name("rules")
TARGET = Path(__file__).parents[1] / "kustomize/components/monitoring/rules.yaml"
_HEAD = """\
# Made by `make dashboards` from deploy/prometheus/rules.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: localchat
spec:
  groups:
"""


def rendered() -> str:
    groups = [file.read_text().partition("groups:\n")[2] for file in sorted(RULES.glob("*.yml"))]
    return _HEAD + "".join(textwrap.indent(group, "  ") for group in groups)


if __name__ == "__main__":
    TARGET.write_text(rendered())
