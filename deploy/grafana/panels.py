"""Dashboards in Grafana's classic JSON, made of rows of panels with a query or more each."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

SCHEMA_VERSION = 39
_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
_WIDTH = 24
_DATASOURCE_VARIABLE = {
    "name": "datasource",
    "label": "Data source",
    "type": "datasource",
    "query": "prometheus",
    "current": {},
    "hide": 0,
    "includeAll": False,
    "multi": False,
    "options": [],
    "refresh": 1,
    "regex": "",
}

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL, and how its series are called: `{{label}}` is replaced."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """`unit` is Grafana's name of it. `thresholds` are (from, colour) pairs; `maximum` is the axis's end."""

    title: str
    description: str
    unit: str
    queries: Sequence[Query]
    kind: Literal["timeseries", "stat"] = "timeseries"
    thresholds: Sequence[tuple[float, str]] = ()
    stacked: bool = False
    maximum: float | None = None

    def render(self, number: int, place: Json) -> Json:
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": _DATASOURCE,
            "gridPos": place,
            "targets": [self._target(name, query) for name, query in zip("ABCDEFGH", self.queries, strict=False)],
            "fieldConfig": {"defaults": self._defaults(), "overrides": []},
            "options": self._options(),
        }

    def _target(self, name: str, query: Query) -> Json:
        return {
            "refId": name,
            "datasource": _DATASOURCE,
            "expr": query.expression,
            "legendFormat": query.legend or "__auto",
            "range": self.kind == "timeseries",
            # Dots that name the trace of a slow request: `localchat trace` tells what it did.
            "exemplar": self.kind == "timeseries" and "_seconds_bucket" in query.expression,
            "instant": self.kind == "stat",
        }

    def _defaults(self) -> Json:
        steps: list[Json] = [{"color": "green", "value": None}]
        steps += [{"color": colour, "value": value} for value, colour in self.thresholds]
        defaults: Json = {"unit": self.unit, "min": 0, "thresholds": {"mode": "absolute", "steps": steps}}
        if self.maximum is not None:
            defaults["max"] = self.maximum
        if self.kind == "timeseries":
            defaults["custom"] = {
                "lineWidth": 1,
                "fillOpacity": 20 if self.stacked else 5,
                "showPoints": "never",
                "stacking": {"mode": "normal" if self.stacked else "none"},
            }
        return defaults

    def _options(self) -> Json:
        if self.kind == "stat":
            return {"colorMode": "value", "graphMode": "area", "reduceOptions": {"calcs": ["lastNotNull"]}}
        return {
            "legend": {"displayMode": "table", "placement": "bottom", "calcs": ["mean", "max"]},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }


@dataclass(frozen=True, slots=True)
class Row:
    title: str
    panels: Sequence[Panel]
    height: int = 8


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`uid` also names its file, and is fixed, so that links to it last."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row] = field(default_factory=tuple)

    def render(self) -> str:
        panels: list[Json] = []
        top = 0
        for row in self.rows:
            title = {"h": 1, "w": _WIDTH, "x": 0, "y": top}
            panels.append(
                {
                    "id": len(panels) + 1,
                    "type": "row",
                    "title": row.title,
                    "collapsed": False,
                    "gridPos": title,
                    "panels": [],
                }
            )
            width = _WIDTH // len(row.panels)
            for column, panel in enumerate(row.panels):
                place = {"h": row.height, "w": width, "x": column * width, "y": top + 1}
                panels.append(panel.render(len(panels) + 1, place))
            top += 1 + row.height
        links = {
            "type": "dashboards",
            "tags": ["localchat"],
            "asDropdown": True,
            "title": "LocalChat",
            "keepTime": True,
        }
        whole: Json = {
            "id": None,
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["localchat"],
            "schemaVersion": SCHEMA_VERSION,
            "version": 1,
            "editable": False,
            "graphTooltip": 1,
            "refresh": "30s",
            "time": {"from": "now-1h", "to": "now"},
            "timezone": "browser",
            "templating": {"list": [_DATASOURCE_VARIABLE]},
            "annotations": {"list": []},
            "links": [links],
            "panels": panels,
        }
        return json.dumps(whole, indent=2) + "\n"
