"""Experiments: who gets which variant, and what a share is worth."""

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.evaluation.shares import Interval, Share
from app.domain.experiments import Experiment, Variant
from tests.support.api import Fakes, client_of

weights = st.lists(st.integers(1, 1000), min_size=2, max_size=8)


def experiment(weights: list[int], number: int = 1) -> Experiment:
    variants = tuple(Variant(f"v{at}", weight) for at, weight in enumerate(weights))
    return Experiment(UUID(int=number), "e", "default", variants, datetime(2026, 11, 1, tzinfo=UTC))


@given(weights, st.text())
def test_a_unit_always_gets_the_same_variant(weights: list[int], unit: str) -> None:
    assert experiment(weights).variant_of(unit) == experiment(weights).variant_of(unit)


def test_units_are_spread_by_weight_and_each_experiment_spreads_them_anew() -> None:
    units = [f"user {number}" for number in range(20_000)]
    one, other = ([experiment([1, 3], number).variant_of(unit).name for unit in units] for number in (1, 2))
    assert Counter(one)["v1"] / len(units) == pytest.approx(0.75, abs=0.01)
    both = sum(a == b == "v0" for a, b in zip(one, other, strict=True)) / len(units)
    assert both == pytest.approx(0.25**2, abs=0.01)  # independent of each other


# From the tables of Newcombe's two papers in Stat. Med. 17 (1998): 857-872, method 3, and 873-890, method 10.
@pytest.mark.parametrize(
    ("share", "low", "high"),
    [
        (Share(81, 263), 0.2553, 0.3662),
        (Share(15, 148), 0.0624, 0.1605),
        (Share(0, 20), 0.0, 0.1611),
        (Share(1, 29), 0.0061, 0.1718),
    ],
)
def test_a_shares_interval_is_the_published_one(share: Share, low: float, high: float) -> None:
    assert (share.interval.low, share.interval.high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        (Share(56, 70), Share(48, 80), 0.0524, 0.3339),
        (Share(9, 10), Share(3, 10), 0.1705, 0.8090),
        (Share(10, 10), Share(0, 10), 0.6075, 1.0),
    ],
)
def test_a_differences_interval_is_the_published_one(one: Share, other: Share, low: float, high: float) -> None:
    above = one.above(other)
    assert (above.low, above.high) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 500))
def test_an_interval_holds_what_was_seen_and_turns_with_the_sides(a: int, b: int, c: int, d: int) -> None:
    one, other = Share(min(a, b), max(a, b)), Share(min(c, d), max(c, d))
    if one.value is None or other.value is None:
        assert one.above(other) == Interval(-1.0, 1.0)
        return
    assert one.interval.low <= one.value <= one.interval.high
    above, below = one.above(other), other.above(one)
    assert above.low <= one.value - other.value <= above.high
    assert (above.low, above.high) == pytest.approx((-below.high, -below.low))


VARIANTS = [{"name": "one"}, {"name": "other", "settings": {"top_k": 10, "retrieval": {"lexical_weight": 0.2}}}]


async def test_an_experiment_is_started_seen_stopped_and_deleted() -> None:
    async with client_of(Fakes()) as http:
        started = await http.post("/api/experiments", json={"name": "e", "variants": VARIANTS})
        assert (started.status_code, started.headers["location"]) == (201, "/api/experiments/e")
        assert started.json()["variants"][1]["settings"]["retrieval"]["lexical_weight"] == 0.2
        seen = (await http.get("/api/experiments/e")).json()
        one, other = seen["results"]
        assert one["approved"]["value"] == pytest.approx(2 / 3)
        assert (one["approved"]["above_first"], other["approved"]["value"]) == (None, None)
        assert other["approved"]["above_first"] == {"low": -1.0, "high": 1.0}
        assert [item["name"] for item in (await http.get("/api/experiments")).json()["items"]] == ["e"]
        assert (await http.post("/api/experiments/e/stop")).status_code == 200
        assert (await http.delete("/api/experiments/e")).status_code == 204
        assert (await http.get("/api/experiments/e")).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "e", "variants": VARIANTS[:1]}, "variants"),
        ({"name": "e", "variants": [VARIANTS[0], VARIANTS[0]]}, "body"),
        ({"name": "a/b", "variants": VARIANTS}, "name"),
        ({"name": "e", "variants": [{"name": "a", "weight": 0}, {"name": "b"}]}, "variants.0.weight"),
        ({"name": "e", "variants": [{"name": "a", "settings": {"topk": 3}}, {"name": "b"}]}, "topk"),
    ],
)
async def test_an_experiment_that_makes_no_sense_is_refused(body: object, field: str) -> None:
    async with client_of(Fakes()) as http:
        refused: httpx.Response = await http.post("/api/experiments", json=body)
    assert refused.status_code == 422
    assert field in refused.json()["detail"]
