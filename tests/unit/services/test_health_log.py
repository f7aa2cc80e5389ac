"""What fails is logged when it begins to fail, when its reason changes, and when it is well again."""

import logging

import pytest

from app.errors import StoreUnavailable
from app.services.operations.health import Examiner, HealthService


async def test_a_dependency_is_logged_once_for_each_reason_and_once_when_it_is_well_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="app.services.operations.health")
    reasons = iter(["", "It is away.", "It is away.", "It is full.", "", ""])

    async def probe() -> None:
        reason = next(reasons)
        if reason:
            raise StoreUnavailable(reason)

    health = HealthService(required={"postgres": probe}, optional={}, startup={}, examiner=Examiner(), max_age=-1)
    statuses = [(await health.ready()).status for _ in range(6)]
    assert statuses == ["pass", "fail", "fail", "fail", "pass", "pass"]
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "postgres: It is away."),
        ("WARNING", "postgres: It is full."),
        ("INFO", "postgres is well again"),
    ]
