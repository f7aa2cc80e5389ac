"""The worker's series of ingestion among the API's metrics, where one worker runs beside one API."""

import re
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

_OF_INGESTION = re.compile(r"(# [A-Z]+ )?rag_ingest_")


class WithIngestion(Collector):
    """The families of a registry; those of ingestion that have no samples in it are a worker's.

    Args:
        registry: of this process.
        worker: the OpenMetrics text of the worker.
    """

    def __init__(self, registry: CollectorRegistry, worker: str) -> None:
        self._registry = registry
        lines = [line for line in worker.splitlines() if _OF_INGESTION.match(line)]
        text = "\n".join([*lines, "# EOF\n"])
        families = text_string_to_metric_families(text)  # type: ignore[no-untyped-call] # it publishes none
        self._ingestion = {family.name: family for family in families}

    def collect(self) -> Iterator[Metric]:
        for family in self._registry.collect():
            yield family if family.samples else self._ingestion.get(family.name, family)
