"""The reranker's client and what stands before it: every dialect is read, every fault leaves the fused order."""

import asyncio
import math
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.concurrency.circuit_breaker import CircuitBreaker
from app.errors import ModelProtocolError, ModelUnavailable
from app.reranking.client import RerankClient
from app.reranking.protocol import as_logit
from app.reranking.scorer import Scorer

TEXTS = ["one", "two", "three"]


def client(answer: Callable[[httpx.Request], httpx.Response]) -> RerankClient:
    transport = httpx.MockTransport(answer)
    return RerankClient(httpx.AsyncClient(base_url="http://reranker", transport=transport), "m")


def answering(*scores: Any, key: str = "relevance_score") -> RerankClient:
    results = [{"index": index, key: score} for index, score in enumerate(scores)]
    return client(lambda _: httpx.Response(200, json={"results": results[::-1]}))


async def test_probabilities_become_logits_in_the_order_of_the_texts() -> None:
    reranker = answering(0.5, 0.9, 0.1)
    assert await reranker.logits("q", TEXTS) == [0.0, pytest.approx(math.log(9)), pytest.approx(-math.log(9))]
    await reranker.aclose()


async def test_a_server_that_once_gave_logits_always_does() -> None:
    answers = iter([[4.0, -7.5, 0.2], [0.5, 0.5, 0.5]])
    reranker = client(
        lambda _: httpx.Response(
            200,
            json={"results": [{"index": i, "relevance_score": s} for i, s in enumerate(next(answers))]},
        )
    )
    assert await reranker.logits("q", TEXTS) == [4.0, -7.5, 0.2]
    assert await reranker.logits("q", TEXTS) == [0.5, 0.5, 0.5]
    await reranker.aclose()


async def test_a_bare_list_with_scores_is_read_as_well() -> None:
    reranker = client(lambda _: httpx.Response(200, json=[{"index": 0, "score": 0.5}]))
    assert await reranker.logits("q", ["one"]) == [0.0]
    await reranker.aclose()


async def test_more_texts_than_a_server_takes_are_sent_in_several_requests() -> None:
    sizes: list[int] = []

    def answer(request: httpx.Request) -> httpx.Response:
        documents = httpx.Response(200, content=request.content).json()["documents"]
        sizes.append(len(documents))
        return httpx.Response(
            200, json={"results": [{"index": i, "relevance_score": 0.5} for i in range(len(documents))]}
        )

    reranker = client(answer)
    assert await reranker.logits("q", ["text"] * 70) == [0.0] * 70
    assert sizes == [64, 6]
    await reranker.aclose()


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (httpx.Response(503), ModelUnavailable),
        (httpx.Response(404, json={"error": "no such model"}), ModelUnavailable),
        (httpx.Response(200, content=b"<html>"), ModelProtocolError),
        (httpx.Response(200, json={"scores": [1]}), ModelProtocolError),
        (httpx.Response(200, json={"results": [1, 2, 3]}), ModelProtocolError),
        (httpx.Response(200, json={"results": [{"index": 0, "relevance_score": 0.5}]}), ModelProtocolError),
        (httpx.Response(200, json={"results": [{"index": 7, "relevance_score": 0.5}]}), ModelProtocolError),
        (httpx.Response(200, json={"results": [{"index": 0, "relevance_score": None}]}), ModelProtocolError),
        (httpx.Response(200, json={"results": [{"index": 0, "relevance_score": "0.5"}]}), ModelProtocolError),
        (httpx.Response(200, json={"results": [{"index": 0, "relevance_score": True}]}), ModelProtocolError),
        (httpx.Response(200, content=b'{"results": [{"index": 0, "relevance_score": NaN}]}'), ModelProtocolError),
        (httpx.Response(200, content=b'{"results": [{"index": 0, "relevance_score": 1e999}]}'), ModelProtocolError),
    ],
)
async def test_an_answer_that_cannot_be_used_is_an_error(response: httpx.Response, error: type[Exception]) -> None:
    reranker = client(lambda _: response)
    with pytest.raises(error):
        await reranker.logits("q", TEXTS)
    await reranker.aclose()


@pytest.mark.parametrize(
    "fault", [httpx.ConnectError("gone"), httpx.ReadTimeout("slow"), httpx.DecodingError("odd")]
)
async def test_a_broken_connection_is_an_error_of_the_tree(fault: httpx.RequestError) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise fault

    reranker = client(answer)
    with pytest.raises((ModelUnavailable, ModelProtocolError)):
        await reranker.logits("q", TEXTS)
    await reranker.aclose()


@given(st.floats(min_value=0, max_value=1), st.floats(min_value=0, max_value=1))
def test_logits_keep_the_order_of_probabilities(one: float, other: float) -> None:
    if one < other:
        assert as_logit(one) <= as_logit(other)
    assert math.isfinite(as_logit(one))


class Counting:
    """Gives each text its length; fails, or sleeps, when told to."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.failure: Exception | None = None
        self.seconds = 0.0

    async def logits(self, question: str, texts: Sequence[str]) -> list[float]:
        self.asked.append(list(texts))
        await asyncio.sleep(self.seconds)
        if self.failure:
            raise self.failure
        return [float(len(question) + len(text)) for text in texts]


async def test_a_text_is_scored_once_for_each_question() -> None:
    reranker = Counting()
    scorer = Scorer(reranker, budget=5)
    assert await scorer.score("q", ["a", "bb", "a"]) == [2, 3, 2]
    assert await scorer.score("q", ["bb", "ccc"]) == [3, 4]
    assert await scorer.score("qq", ["a"]) == [3]
    assert reranker.asked == [["a", "bb"], ["ccc"], ["a"]]


async def test_of_the_scores_the_longest_unused_are_forgotten() -> None:
    reranker = Counting()
    scorer = Scorer(reranker, budget=5, remembered=2)
    for text in ("a", "b", "a", "c", "a", "b"):
        await scorer.score("q", [text])
    assert reranker.asked == [["a"], ["b"], ["c"], ["b"]]


async def test_a_reranker_that_is_late_is_not_waited_for() -> None:
    reranker = Counting()
    reranker.seconds = 60
    assert await Scorer(reranker, budget=0.01).score("q", TEXTS) is None


async def test_a_reranker_that_keeps_failing_is_left_alone_for_a_while() -> None:
    now = 0.0
    reranker = Counting()
    reranker.failure = ModelUnavailable("gone")
    scorer = Scorer(reranker, budget=5, breaker=CircuitBreaker(threshold=2, cooldown=5, clock=lambda: now))
    for _ in range(4):
        assert await scorer.score("q", TEXTS) is None
    assert len(reranker.asked) == 2
    reranker.failure = None
    assert await scorer.score("q", TEXTS) is None
    now = 6.0
    assert await scorer.score("q", TEXTS) == [4, 4, 6]
    assert await scorer.score("q", []) == []
