"""L1: S3-FIFO's bounds, its hit rate, and that it never returns what was not stored."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.cache.backend import EVERYTHING, CacheKey, Scope
from app.cache.backends.memory import MemoryCache
from tests.support.cache.assembly import Clock, key_of


def numbered(number: int) -> CacheKey:
    return CacheKey(f"{number:064x}", "answer", "acme", 1, "p")


def test_an_entry_expires_on_the_clock_and_is_kept_for_as_long_as_it_is_told() -> None:
    clock = Clock()
    cache: MemoryCache[str] = MemoryCache(weigh=len, retain=5, clock=clock)
    cache.put(numbered(1), "value", 10)
    clock.now += 12
    entry = cache.lookup(numbered(1).digest)
    assert entry is not None
    assert entry.deadline < clock.now
    clock.now += 3
    assert cache.lookup(numbered(1).digest) is None
    assert len(cache) == 0


def test_one_pass_over_many_keys_does_not_evict_what_is_used() -> None:
    cache: MemoryCache[int] = MemoryCache(weigh=lambda _: 1, max_entries=100)
    used = [numbered(number) for number in range(50)]
    for key in used:
        cache.put(key, 1, 60)
        cache.lookup(key.digest)
        cache.lookup(key.digest)
    for number in range(1000, 5000):
        cache.put(numbered(number), 1, 60)
    assert sum(cache.lookup(key.digest) is not None for key in used) == 50


async def test_an_entry_that_returns_soon_after_its_eviction_is_kept() -> None:
    cache: MemoryCache[int] = MemoryCache(weigh=lambda _: 1, max_entries=10)
    for number in range(11):
        cache.put(numbered(number), 1, 60)
    assert cache.lookup(numbered(0).digest) is None
    cache.put(numbered(0), 1, 60)
    for number in range(100, 109):
        cache.put(numbered(number), 1, 60)
    assert cache.lookup(numbered(0).digest) is not None
    assert (await cache.stats()).evictions == 11


async def test_bytes_are_bounded_and_oversized_values_are_counted() -> None:
    cache: MemoryCache[bytes] = MemoryCache(weigh=len, max_bytes=1000, max_value_bytes=400)
    for number in range(10):
        assert cache.put(numbered(number), bytes(300), 60)
    assert not cache.put(numbered(9), bytes(401), 60)
    assert cache.lookup(numbered(9).digest) is None
    stats = await cache.stats()
    assert stats.oversized == 1
    assert stats.usage["answer"].bytes <= 1000


def test_a_cache_of_no_entries_holds_nothing() -> None:
    cache: MemoryCache[bytes] = MemoryCache(weigh=len, max_entries=0)
    cache.put(numbered(1), b"x", 60)
    assert cache.lookup(numbered(1).digest) is None


async def test_closing_empties_it() -> None:
    cache: MemoryCache[bytes] = MemoryCache(weigh=len)
    cache.put(numbered(1), b"x", 60)
    await cache.close()
    assert len(cache) == 0


def test_the_key_of_an_entry_can_be_told() -> None:
    cache: MemoryCache[bytes] = MemoryCache(weigh=len)
    cache.put(key_of(), b"x", 60)
    assert (cache.view(key_of().digest) or pytest.fail("gone"))[0] == key_of()
    assert cache.view("0" * 64) is None


operations = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 30), st.integers(1, 60)),
        st.tuples(st.just("get"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("delete"), st.integers(0, 30), st.just(0)),
        st.tuples(st.just("wait"), st.integers(0, 6), st.just(0)),
        st.tuples(st.just("purge"), st.just(0), st.just(0)),
    ),
    max_size=200,
)


@given(operations)
@settings(deadline=None)
def test_bounds_hold_and_only_what_was_stored_comes_back(steps: list[tuple[str, int, int]]) -> None:
    clock = Clock()
    cache: MemoryCache[bytes] = MemoryCache(
        weigh=len, max_entries=10, max_bytes=200, max_value_bytes=50, clock=clock
    )
    model: dict[int, tuple[bytes, float]] = {}
    for step, number, size in steps:
        match step:
            case "put":
                value = bytes([number]) * size
                stored = cache.put(numbered(number), value, 10)
                assert stored == (size <= 50)
                model.pop(number, None)
                if stored:
                    model[number] = (value, clock.now + 10)
            case "get":
                entry = cache.lookup(numbered(number).digest)
                if entry is not None:
                    assert (entry.value, entry.deadline) == model[number]
                    assert entry.deadline > clock.now
            case "delete":
                cache.remove(numbered(number).digest)
                model.pop(number, None)
            case "wait":
                clock.now += number
            case _:
                cache.purge(Scope(namespace="answer"))
                model.clear()
        assert len(cache) <= 10
        queues = (cache._small, cache._main)
        assert sum(len(queue.nodes) for queue in queues) == len(cache)
        weights = [[node.weight for node in queue.nodes.values()] for queue in queues]
        assert [queue.weight for queue in queues] == [sum(each) for each in weights]
        assert sum(map(sum, weights)) <= 200
    assert cache.purge(EVERYTHING) <= 10
    assert sum(queue.weight for queue in (cache._small, cache._main)) == 0


def test_an_entry_of_the_main_queue_can_be_deleted_and_replaced() -> None:
    cache: MemoryCache[bytes] = MemoryCache(weigh=len, max_entries=10)
    kept = numbered(0)
    cache.put(kept, b"a", 60)
    for _ in range(3):
        cache.lookup(kept.digest)
    for number in range(1, 30):
        cache.put(numbered(number), b"x", 60)
    assert list(cache._main.nodes) == [kept.digest]
    cache.put(kept, b"abc", 60)
    assert cache._main.weight == 3
    assert cache.remove(kept.digest)
    assert not cache.remove(kept.digest)
    assert cache._main.weight == 0


def test_the_hit_rate_on_a_zipf_draw_is_what_s3_fifo_reaches() -> None:
    """5,000 entries over 100,000 keys, exponent 1; the figure is from an independent implementation."""
    weights = 1 / np.arange(1, 100_001)
    draw = np.random.default_rng(1).choice(100_000, 300_000, p=weights / weights.sum())
    keys = [CacheKey(str(number), "answer", "acme", 1, "p") for number in range(100_000)]
    cache: MemoryCache[int] = MemoryCache(weigh=lambda _: 1)
    warm_up, hits = 150_000, 0
    for position, number in enumerate(draw.tolist()):
        if cache.lookup(keys[number].digest) is not None:
            hits += position >= warm_up
        else:
            cache.put(keys[number], number, 60)
    assert hits / (len(draw) - warm_up) == pytest.approx(0.729, abs=0.01)
