"""The deep report: what each check says, what it makes of the whole, and that nothing can delay it."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from app.db.database import Database, PoolUse
from app.errors import StoreUnavailable
from app.services.operations.deep_health import (
    Component,
    DeepHealth,
    RecentMaximum,
    Thresholds,
    disk_component,
    loop_component,
    models_component,
)
from app.services.operations.health import Examiner, Probe, ProbeResult
from tests.support.api import Fakes, client_of
from tests.support.fakes.operations import well
from tests.support.simulated_time import clock, simulated_time
from tests.support.waiting import idle


async def down() -> None:
    raise StoreUnavailable("The database did not answer.")


async def hang() -> None:
    await asyncio.sleep(60)


async def hang_whatever_happens() -> None:
    """A driver that waits for its server before it lets itself be cancelled."""
    until = clock().time() + 60
    while clock().time() < until:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(1)


async def test_the_report_has_a_status_latency_and_detail_of_each_check() -> None:
    async with client_of(Fakes(redis=down)) as client:
        response = await client.get("/health/deep")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/health+json")
    body = response.json()
    assert body["status"] == "warn"
    assert body["checks"]["postgres"][0]["status"] == "pass"
    (redis,) = body["checks"]["redis"]
    assert (redis["status"], redis["detail"]) == ("warn", "The database did not answer.")
    assert redis["latency_ms"] >= 0
    assert [item["componentId"] for item in body["checks"]["models"]] == ["http://one", "http://two"]


@pytest.mark.parametrize("probe", [down, hang, hang_whatever_happens])
@simulated_time
async def test_a_required_component_that_is_down_or_hangs_fails_the_report_in_time(probe: Probe) -> None:
    async with client_of(Fakes(postgres=probe, redis=hang)) as client:
        began = clock().time()
        response = await client.get("/health/deep")
        seconds = clock().time() - began
    assert (response.status_code, response.headers["content-type"]) == (503, "application/health+json")
    assert response.json()["status"] == "fail"
    assert response.json()["checks"]["redis"][0]["detail"] == "No answer within 0.05 s."
    assert seconds <= 0.0501


async def test_simultaneous_reports_are_one_look() -> None:
    looks = 0

    async def probe() -> ProbeResult:
        nonlocal looks
        looks += 1
        await idle()
        return ProbeResult("Well.")

    deep = DeepHealth([Component("it", "system", probe)], Examiner())
    reports = await asyncio.gather(*(deep.report() for _ in range(20)))
    assert looks == 1
    assert {report.status for report in reports} == {"pass"}


async def test_a_model_server_without_one_of_our_models_says_which() -> None:
    async def models() -> frozenset[str]:
        return frozenset({"all-minilm"})

    reading = await models_component("http://one", models, ("all-minilm", "llama3.2")).probe()
    assert reading is not None
    assert reading.status == "fail"
    assert "llama3.2" in reading.detail
    assert "all-minilm" not in reading.detail


async def test_room_on_disk_is_that_of_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    missing = tmp_path / "not" / "yet"
    plenty = await disk_component(missing, Thresholds(disk_free_bytes=0, disk_free_share=0)).probe()
    little = await disk_component(missing, Thresholds(disk_free_bytes=2**80)).probe()
    assert plenty is not None
    assert little is not None
    assert (plenty.status, little.status) == ("pass", "warn")
    assert plenty.value is not None
    assert plenty.value > 0


async def test_an_event_loop_that_was_late_is_a_warning_until_that_is_long_ago() -> None:
    lag = RecentMaximum(size=2)
    component = loop_component(lag)
    lag.observe(0.9)
    late = await component.probe()
    lag.observe(0.001)
    lag.observe(0.001)
    again = await component.probe()
    assert late is not None
    assert again is not None
    assert (late.status, again.status) == ("warn", "pass")


async def test_a_look_at_health_survives_its_caller_leaving() -> None:
    examiner = Examiner(0.05)
    waiting = asyncio.create_task(examiner.check(hang))
    await idle()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await examiner.check(well)).status == "pass"


def test_a_pools_use_is_its_open_connections() -> None:
    class Pool:
        def get_idle_size(self) -> int:
            return 3

        def get_size(self) -> int:
            return 5

        def get_max_size(self) -> int:
            return 16

    assert Database(Pool()).use() == PoolUse(busy=2, idle=3, limit=16)  # type: ignore[arg-type]
