"""Replies of reasoning models, at a server that scripts them."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import httpx
import pytest

from app.errors import ModelProtocolError
from app.ollama.client import OllamaClient
from app.ollama.protocol import ChatChunk

ANSWER = ["The ferry", " leaves at 7:40."]
THOUGHTS = ["Okay, the passage", " says 7:40."]


def content(*pieces: str) -> list[dict[str, Any]]:
    return [{"message": {"content": piece}, "done": False} for piece in pieces]


def thinking(*pieces: str) -> list[dict[str, Any]]:
    return [{"message": {"content": "", "thinking": piece}, "done": False} for piece in pieces]


def done(reason: str = "stop") -> list[dict[str, Any]]:
    ending = {"done": True, "done_reason": reason, "prompt_eval_count": 9, "eval_count": 5}
    return [{"message": {"content": ""}, **ending}]


class Server:
    """One model called `model`, described by `shown`, with one reply after the other; `seen` holds the requests."""

    def __init__(self, model: str, shown: Mapping[str, Any], *replies: Iterable[dict[str, Any]]) -> None:
        self.model = model
        self.shown = shown
        self.replies = iter(replies)
        self.seen: list[dict[str, Any]] = []
        self.client = OllamaClient(["http://models"], transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/api/tags":
                return httpx.Response(200, json={"models": [{"name": self.model, "digest": "d"}]})
            case "/api/show":
                return httpx.Response(200, json=self.shown)
        self.seen.append(json.loads(request.content))
        return httpx.Response(200, content=b"\n".join(json.dumps(line).encode() for line in next(self.replies)))

    async def chat(self, **options: Any) -> tuple[str, str, ChatChunk]:
        """Return the thoughts, the answer, and the last chunk."""
        chunks = [chunk async for chunk in self.client.chat([], model=self.model, **options)]
        return "".join(chunk.thinking for chunk in chunks), "".join(chunk.text for chunk in chunks), chunks[-1]


async def test_thoughts_in_a_field_of_their_own_are_no_part_of_the_answer() -> None:
    server = Server(
        "qwen3", {"capabilities": ["completion", "thinking"]}, thinking(*THOUGHTS) + content(*ANSWER) + done()
    )
    thoughts, answer, _ = await server.chat(max_tokens=512)
    assert (thoughts, answer) == ("".join(THOUGHTS), "".join(ANSWER))
    assert (server.seen[0]["think"], server.seen[0]["options"]["num_predict"]) == (False, 512)


async def test_a_model_that_may_think_gets_tokens_for_it_beside_those_of_the_answer() -> None:
    server = Server("qwen3", {"capabilities": ["completion", "thinking"]}, content(*ANSWER) + done())
    await server.chat(max_tokens=512, thinking_tokens=1000)
    assert (server.seen[0]["think"], server.seen[0]["options"]["num_predict"]) == (True, 1512)


async def test_gpt_oss_is_asked_to_think_little_and_gets_tokens_for_it() -> None:
    server = Server("gpt-oss:20b", {"capabilities": ["thinking"]}, thinking(*THOUGHTS) + content(*ANSWER) + done())
    assert (await server.chat(max_tokens=512))[1] == "".join(ANSWER)
    assert (server.seen[0]["think"], server.seen[0]["options"]["num_predict"]) == ("low", 512 + 2048)


async def test_thoughts_in_tags_need_no_capability() -> None:
    server = Server("mine", {}, content("<thi", "nk>", *THOUGHTS, "</think>", "\n\n", *ANSWER) + done())
    thoughts, answer, last = await server.chat(max_tokens=512)
    assert (thoughts, answer, last.prompt_eval_count) == ("".join(THOUGHTS), "".join(ANSWER), 9)
    assert "think" not in server.seen[0]


async def test_a_model_that_was_seen_thinking_gets_tokens_for_it_from_then_on() -> None:
    reply = content("<think>", *THOUGHTS, "</think>", *ANSWER) + done()
    server = Server("mine", {}, reply, reply)
    await server.chat(max_tokens=512)
    await server.chat(max_tokens=512)
    assert [request["options"]["num_predict"] for request in server.seen] == [512, 512 + 2048]


async def test_thoughts_that_nothing_opened_fail_once_and_are_kept_apart_from_then_on() -> None:
    reply = content(*THOUGHTS, "\n</think>\n\n", *ANSWER) + done()
    server = Server("mine", {}, reply, reply)
    with pytest.raises(ModelProtocolError, match="ask again") as failure:
        await server.chat()
    assert failure.value.retryable
    thoughts, answer, _ = await server.chat()
    assert (thoughts.strip(), answer) == ("".join(THOUGHTS), "".join(ANSWER))


async def test_a_model_whose_template_opens_its_thoughts_never_fails() -> None:
    shown = {"template": "{{ .Prompt }}<|assistant|>\n<think>\n"}
    server = Server("mine", shown, content(*THOUGHTS, "\n</think>\n\n", *ANSWER) + done())
    assert (await server.chat())[1] == "".join(ANSWER)


async def test_thoughts_that_use_up_their_tokens_end_the_reply_without_an_answer() -> None:
    server = Server("gpt-oss", {"capabilities": ["thinking"]}, thinking(*["hm"] * 3000) + content(*ANSWER) + done())
    thoughts, answer, last = await server.chat(max_tokens=512)
    assert (len(thoughts), answer, last.done_reason) == (2 * 2048, "", "length")
    assert last.eval_count == 2048


async def test_the_answer_gets_no_more_tokens_than_it_was_given() -> None:
    server = Server("gpt-oss", {"capabilities": ["thinking"]}, thinking("hm") + content(*["word "] * 600) + done())
    _, answer, last = await server.chat(max_tokens=512)
    assert (len(answer.split()), last.done_reason) == (512, "length")
