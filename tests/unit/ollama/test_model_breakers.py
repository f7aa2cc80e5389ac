"""A model that fails by itself shuts out no other, at a server made of a few lines."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import LocalChatError, ModelBusy, ModelLoadFailed, ModelTimeout, ModelUnavailable
from app.ollama.client import OllamaClient
from app.ollama.scheduling.dispatch import RetryPolicy
from app.ollama.scheduling.lanes import Lane
from tests.support.fake_ollama import DIMENSION, unit_vector

NO_MEMORY = (500, "model requires more system memory (5.6 GiB) than is available (3.1 GiB)")
BUSY = (503, "server busy, please try again.  maximum pending requests exceeded")
NO_WAIT = RetryPolicy(attempts=3, wait_initial=0, wait_max=0, jitter=0)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Pool:
    """Model servers, each with models that fail as told; `asked` counts work by host, path and model."""

    def __init__(self, *hosts: str) -> None:
        self.clock = Clock()
        self.failing: dict[tuple[str, str, str], tuple[int, str] | Exception] = {}
        self.asked: Counter[tuple[str, str, str]] = Counter()
        self.client = OllamaClient(
            [f"http://{host}" for host in hosts],
            transport=httpx.MockTransport(self._answer),
            retries={Lane.INTERACTIVE: NO_WAIT, Lane.BULK: NO_WAIT},
            clock=self.clock,
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/api/tags":
            names = ("chat", "big", "embedder")
            return httpx.Response(
                200, json={"models": [{"name": f"{name}:latest", "digest": name} for name in names]}
            )
        body: dict[str, Any] = json.loads(request.content or "{}")
        if path == "/api/show":
            return httpx.Response(200, json={"capabilities": ["completion"], "model_info": {}})
        key = (request.url.host, path, body["model"])
        self.asked[key] += 1
        failure = self.failing.get(key)
        if isinstance(failure, Exception):
            raise failure
        if failure is not None:
            return httpx.Response(failure[0], json={"error": failure[1]})
        if path == "/api/embed":
            return httpx.Response(200, json={"embeddings": [unit_vector(text) for text in body["input"]]})
        return httpx.Response(200, json={"message": {"content": "yes"}, "done": True})

    async def chat(self, model: str) -> str:
        return "".join([chunk.text async for chunk in self.client.chat([], model=model)])

    async def embed(self, model: str = "embedder") -> None:
        await self.client.embed(["text"], model=model, lane=Lane.INTERACTIVE, dimension=DIMENSION)

    def requests(self, model: str, path: str = "/api/chat") -> int:
        return sum(times for (_, asked, name), times in self.asked.items() if (asked, name) == (path, model))


async def test_a_model_that_needs_too_much_memory_disturbs_nobody_and_says_why_each_time() -> None:
    pool = Pool("one")
    pool.failing["one", "/api/chat", "big"] = NO_MEMORY
    for _ in range(20):
        with pytest.raises(ModelLoadFailed, match="big needs more memory than the server has"):
            await pool.chat("big")
        await pool.embed()
        assert await pool.chat("chat") == "yes"
    assert pool.requests("big") == 1, "what cannot get better is not tried again"
    assert pool.client.circuits == {"http://one": "closed"}


async def test_a_model_that_is_busy_is_left_alone_after_three_refusals_and_others_go_on() -> None:
    pool = Pool("one")
    pool.failing["one", "/api/chat", "big"] = BUSY
    for _ in range(10):
        with pytest.raises(ModelBusy, match="no more requests for big"):
            await pool.chat("big")
        assert await pool.chat("chat") == "yes"
    assert pool.requests("big") == 3


async def test_a_silent_model_is_left_alone_by_itself() -> None:
    pool = Pool("one")
    pool.failing["one", "/api/chat", "big"] = httpx.ReadTimeout("silent")
    for _ in range(5):
        with pytest.raises(ModelTimeout, match="big did not answer in time"):
            await pool.chat("big")
    await pool.embed()
    assert pool.requests("big") == 3


async def test_one_kind_of_work_of_a_model_leaves_the_other_alone() -> None:
    pool = Pool("one")
    pool.failing["one", "/api/chat", "big"] = NO_MEMORY
    with pytest.raises(ModelLoadFailed):
        await pool.chat("big")
    await pool.embed("big")


async def test_a_model_is_tried_again_after_a_while_and_used_when_it_works() -> None:
    pool = Pool("one")
    pool.failing["one", "/api/chat", "big"] = NO_MEMORY
    with pytest.raises(ModelLoadFailed):
        await pool.chat("big")
    pool.clock.now += 5
    with pytest.raises(ModelLoadFailed):
        await pool.chat("big")
    pool.failing.clear()
    with pytest.raises(ModelLoadFailed):
        await pool.chat("big")
    pool.clock.now += 60
    assert [await pool.chat("big") for _ in range(3)] == ["yes"] * 3
    assert pool.requests("big") == 5


async def test_another_endpoint_may_have_room_for_the_model() -> None:
    pool = Pool("small", "large")
    pool.failing["small", "/api/chat", "big"] = NO_MEMORY
    for _ in range(5):
        assert await pool.chat("big") == "yes"
    assert pool.asked["small", "/api/chat", "big"] <= 1


async def test_a_server_that_is_away_is_left_alone_as_a_whole() -> None:
    pool = Pool("one")
    pool.failing["one", "/api/chat", "big"] = httpx.ConnectError("refused")
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        await pool.chat("big")
    with pytest.raises(ModelUnavailable, match="No model server answers"):
        await pool.embed()


MISTAKES: dict[str, Callable[[Pool], Any]] = {
    "embed with a chat model": lambda pool: pool.embed("chat"),
    "chat with an embedding model": lambda pool: pool.chat("embedder"),
    "an unknown model": lambda pool: pool.chat("nothing"),
    "an unknown embedding model": lambda pool: pool.embed("nothing"),
    "a model that does not fit": lambda pool: pool.chat("big"),
    "a blank text": lambda pool: pool.client.embed([" "], model="embedder", lane=Lane.INTERACTIVE),
}


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from(sorted(MISTAKES)), max_size=12))
async def test_no_mistakes_of_one_client_change_what_another_gets(mistakes: list[str]) -> None:
    pool = Pool("one")
    pool.failing |= {
        ("one", "/api/embed", "chat"): (501, "this model does not support embeddings"),
        ("one", "/api/chat", "embedder"): (400, '"embedder" does not support chat'),
        ("one", "/api/embed", "nothing"): (404, 'model "nothing" not found, try pulling it first'),
        ("one", "/api/chat", "big"): NO_MEMORY,
    }
    for mistake in mistakes:
        with pytest.raises(LocalChatError):
            await MISTAKES[mistake](pool)
    assert await pool.chat("chat") == "yes"
    await pool.embed()
    assert pool.client.circuits == {"http://one": "closed"}
