"""What a trace shows of the cache: one span for a look, with the tier that had the answer."""

from collections.abc import Iterator

import pytest

from app.telemetry import tracing
from tests.support.cache.assembly import assemble
from tests.support.cache.chain import KEY, SPEC, Pipeline, Tier
from tests.support.telemetry.spans import Recorded


@pytest.fixture
def recorded() -> Iterator[Recorded]:
    recorded = Recorded()
    token = tracing.adopt(recorded.tracing.tracer)
    yield recorded
    tracing.release(token)


def looks(recorded: Recorded) -> list[dict[str, object]]:
    return [
        {name.removeprefix("rag.cache."): value for name, value in (span.attributes or {}).items()}
        for span in recorded.spans
        if span.name == "rag.cache get"
    ]


async def test_a_look_tells_its_outcome_and_the_tier(recorded: Recorded) -> None:
    l2 = Tier()
    made, pipeline = assemble([l2]), Pipeline()
    await made.chain.get_or_compute(SPEC, pipeline)
    await made.tiers.drain()
    await made.chain.get_or_compute(SPEC, pipeline)
    await assemble([l2]).chain.get_or_compute(SPEC, pipeline)
    missed, in_memory, shared = looks(recorded)
    assert missed == {"namespace": "answer", "again": False, "result": "miss"}
    assert in_memory == {"namespace": "answer", "result": "hit", "tier": "l1"}
    assert shared == {"namespace": "answer", "again": False, "result": "hit", "tier": "l2"}


async def test_operations_on_redis_are_spans_within_it_and_those_of_postgres_are_left_to_its_driver(
    recorded: Recorded,
) -> None:
    made = assemble([Tier("l2"), Tier("l3")])
    await made.shared[0].read(KEY, 1)
    await made.shared[1].read(KEY, 1)
    await made.chain.get_or_compute(SPEC, Pipeline())
    await made.tiers.drain()
    assert [span.name for span in recorded.spans if span.name != "rag.cache get"] == ["GET", "GET", "SET"]
    (got, *_) = recorded.spans
    assert got.attributes is not None
    assert got.attributes["db.system.name"] == "redis"
