"""Writes the dashboards: `python -m deploy.grafana.generate [FOLDER]`."""

import sys
from pathlib import Path

from deploy.grafana.boards.caches import CACHES
from deploy.grafana.boards.database import DATABASE
from deploy.grafana.boards.ingestion import INGESTION
from deploy.grafana.boards.models import MODELS
from deploy.grafana.boards.objectives import SLO
from deploy.grafana.boards.overview import OVERVIEW

DASHBOARDS = (OVERVIEW, SLO, CACHES, MODELS, INGESTION, DATABASE)
FOLDER = Path(__file__).with_name("dashboards")


def main(folder: Path = FOLDER) -> None:
    for dashboard in DASHBOARDS:
        (folder / f"{dashboard.uid}.json").write_text(dashboard.render())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
