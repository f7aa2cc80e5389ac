"""What the Ollama client must do, numbered 35 to 50 after the protocol's conformance list."""

import asyncio
import contextlib
import json
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import (
    InputTooLong,
    InvalidInput,
    ModelCrashed,
    ModelError,
    ModelLoadFailed,
    ModelNotFound,
    ModelProtocolError,
    ModelUnavailable,
    ModelUnsuitable,
    UnusableEmbedding,
)
from app.ingestion.embedding.embedder import BatchEmbeddingProcessor
from app.ollama.catalog import Prefixes, prefixes_for
from app.ollama.client import OllamaClient
from app.ollama.instrumentation import NullObserver
from app.ollama.protocol import ChatChunk
from app.ollama.scheduling.dispatch import INTERACTIVE_RETRIES, RetryPolicy
from app.ollama.scheduling.lanes import Lane
from app.ollama.transport import Timeouts
from tests.support.fake_ollama import DIMENSION, FakeOllama, unit_vector
from tests.support.http_server import Request, respond, send_chunk, start_stream
from tests.support.waiting import until

SECRET = "the merger closes on Friday"
NO_WAIT = RetryPolicy(attempts=3, wait_initial=0, wait_max=0, jitter=0)
IMPATIENT = {Lane.INTERACTIVE: NO_WAIT, Lane.BULK: NO_WAIT}
EOF_MESSAGE = 'do embedding request: Post "http://127.0.0.1:41/embedding": EOF'

Answer = Callable[[httpx.Request], httpx.Response]


def client_of(answer: Answer, **options: Any) -> OllamaClient:
    return OllamaClient(
        ["http://models"],
        transport=httpx.MockTransport(answer),
        **{"retries": IMPATIENT, **options},
    )


def embed_answer(request: httpx.Request) -> httpx.Response:
    texts = json.loads(request.content)["input"]
    return httpx.Response(200, json={"embeddings": [unit_vector(text) for text in texts]})


async def embed(client: OllamaClient, *texts: str, lane: Lane = Lane.INTERACTIVE) -> list[Any]:
    return await client.embed(texts, model="m", lane=lane, dimension=DIMENSION)


def processor(client: OllamaClient, **options: Any) -> BatchEmbeddingProcessor:
    return BatchEmbeddingProcessor(
        partial(client.embed, model="m", lane=Lane.BULK, dimension=DIMENSION),
        **{"max_chars": 64_000, **options},
    )


def chat_line(text: str) -> dict[str, Any]:
    return {"model": "m", "message": {"role": "assistant", "content": text}, "done": False}


DONE = {
    "model": "m",
    "message": {"role": "assistant", "content": ""},
    "done": True,
    "done_reason": "stop",
    "prompt_eval_count": 7,
    "eval_count": 2,
}


def chat_client(
    lines: Sequence[dict[str, Any]] | httpx.AsyncByteStream,
    *,
    capabilities: Sequence[str] = ("completion",),
    seen: list[Any] | None = None,
    **options: Any,
) -> OllamaClient:
    def answer(request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/api/tags":
                return httpx.Response(200, json={"models": [{"name": "m:latest", "digest": "d"}]})
            case "/api/show":
                return httpx.Response(200, json={"capabilities": list(capabilities), "model_info": {}})
        if seen is not None:
            seen.append(json.loads(request.content))
        if isinstance(lines, httpx.AsyncByteStream):
            return httpx.Response(200, stream=lines)
        return httpx.Response(200, content=b"".join(json.dumps(line).encode() + b"\n" for line in lines))

    return client_of(answer, **options)


async def collect(client: OllamaClient, **options: Any) -> list[ChatChunk]:
    return [chunk async for chunk in client.chat([{"role": "user", "content": SECRET}], model="m", **options)]


async def drain(stream: AsyncIterator[ChatChunk], received: list[str]) -> None:
    async for chunk in stream:
        received.append(chunk.text)  # noqa: PERF401 - what came before a failure counts


async def test_35_batches_hold_at_most_64_texts_and_the_character_budget_and_keep_global_order() -> None:
    async with (
        FakeOllama(vector=unit_vector).running() as server,
        aclosing(OllamaClient([server.url])) as client,
    ):
        texts = [f"{number} " + "x" * (number * 37 % 200) for number in range(300)]
        vectors = await processor(client, max_chars=4_000).process(texts)
    sizes = [request.json["input"] for request in server.requests]
    assert max(len(batch) for batch in sizes) <= 64
    assert max(sum(map(len, batch)) for batch in sizes) <= 4_000
    for text, vector in zip(texts, vectors, strict=True):
        assert vector is not None
        np.testing.assert_allclose(vector, unit_vector(text), rtol=1e-6)


async def test_36_never_more_requests_in_flight_than_permits() -> None:
    async with (
        FakeOllama(slots=100, seconds=0.03).running() as server,
        aclosing(OllamaClient([server.url], max_concurrency=5)) as client,
    ):
        await processor(client, batch_size=4, max_workers=3).process([f"text {number}" for number in range(60)])
        assert server.peak_requests == 3
        await asyncio.gather(*(embed(client, f"query {number}") for number in range(30)))
        assert server.peak_requests == 5


@pytest.mark.parametrize("blank", ["", " ", "\n\t", "\u2003"])
async def test_37_blank_text_is_never_sent(blank: str) -> None:
    async with (
        FakeOllama(vector=unit_vector).running() as server,
        aclosing(OllamaClient([server.url])) as client,
    ):
        with pytest.raises(InvalidInput):
            await embed(client, "fine", blank)
        vectors = await processor(client).process(["fine", blank, "well"], prefix="passage: ")
    assert [vector is not None for vector in vectors] == [True, False, True]
    assert server.embedded == ["passage: fine", "passage: well"]


GOOD = unit_vector("good")


@pytest.mark.parametrize(
    ("embeddings", "error"),
    [
        ([GOOD], ModelProtocolError),
        ([], ModelProtocolError),
        (None, ModelProtocolError),
        ([GOOD, GOOD, GOOD], ModelProtocolError),
        ([GOOD, GOOD[:-1]], ModelProtocolError),
        ([GOOD, "vector"], ModelProtocolError),
        ([GOOD[:-1], GOOD[:-1]], ModelUnsuitable),
        ([GOOD, [0.0] * DIMENSION], UnusableEmbedding),
        ([GOOD, [None] * DIMENSION], UnusableEmbedding),
        ([GOOD, [1e39] * DIMENSION], UnusableEmbedding),
        ([GOOD, [value * 1.002 for value in GOOD]], UnusableEmbedding),
    ],
)
async def test_38_count_dimension_finiteness_and_norm_are_checked(embeddings: Any, error: type[ModelError]) -> None:
    client = client_of(lambda _: httpx.Response(200, json={"embeddings": embeddings}))
    with pytest.raises(error):
        await embed(client, "one", "two")


async def test_38_a_body_that_is_not_json_is_a_protocol_error() -> None:
    with pytest.raises(ModelProtocolError):
        await embed(client_of(lambda _: httpx.Response(200, content=b'{"embeddings": [[NaN]]}')), "one")


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "embedding contains NaN or Inf values"),
        (500, "failed to encode response: json: unsupported value: NaN"),
        (400, "the input length exceeds the context length"),
        (400, EOF_MESSAGE),
        (500, "something new"),
        (418, "refused"),
    ],
)
async def test_39_a_failing_batch_is_halved_down_to_the_text_at_fault(status: int, message: str) -> None:
    sent: list[list[str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        texts = json.loads(request.content)["input"]
        sent.append(texts)
        return httpx.Response(status, json={"error": message}) if "bad" in texts else embed_answer(request)

    texts = [f"text {number}" for number in range(64)]
    texts[41] = "bad"
    vectors = await processor(client_of(answer)).process(texts)
    assert [index for index, vector in enumerate(vectors) if vector is None] == [41]
    assert ["bad"] in sent


async def test_40_what_may_be_retried_is_retried_up_to_the_cap() -> None:
    for status, message in [(503, "server busy, please try again."), (503, ""), (400, EOF_MESSAGE), (500, "oh")]:
        failures = iter([httpx.Response(status, json={"error": message})] * 2)
        client = client_of(lambda request, failures=failures: next(failures, None) or embed_answer(request))  # type: ignore[misc]
        assert len(await embed(client, "one")) == 1

        calls: list[int] = []

        def always(_: httpx.Request, status: int = status, message: str = message, calls: list[int] = calls) -> Any:
            calls.append(1)
            return httpx.Response(status, json={"error": message})

        with pytest.raises((ModelUnavailable, ModelCrashed)):
            await embed(client_of(always), "one")
        assert len(calls) == NO_WAIT.attempts


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (404, 'model "m" not found, try pulling it first', ModelNotFound),
        (404, "model 'm' not found", ModelNotFound),
        (400, "the input length exceeds the context length", InputTooLong),
        (400, '"m" does not support chat', ModelUnsuitable),
        (501, "this model cannot embed", ModelUnsuitable),
        (403, "", ModelError),
        (500, "model requires more system memory (5.6 GiB) than is available (3.1 GiB)", ModelLoadFailed),
        (500, "llama runner process has terminated: cudaMalloc failed: out of memory", ModelLoadFailed),
        (500, "unable to load model: /root/.ollama/models/blobs/sha256-1", ModelLoadFailed),
    ],
)
async def test_40_what_would_only_repeat_itself_is_sent_once(
    status: int, message: str, error: type[ModelError]
) -> None:
    calls: list[int] = []

    def answer(_: httpx.Request) -> httpx.Response:
        calls.append(1)
        return httpx.Response(status, json={"error": message}) if message else httpx.Response(status)

    with pytest.raises(error):
        await embed(client_of(answer), "one")
    assert len(calls) == 1


async def test_40_waits_between_attempts_grow_vary_and_are_capped(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", note)
    policy = RetryPolicy(attempts=6, wait_initial=0.05, wait_max=0.5, jitter=0.1)

    async def fail() -> None:
        async for attempt in policy.context(lambda _: True):
            with attempt:
                raise ModelUnavailable("down")

    for _ in range(20):
        with pytest.raises(ModelUnavailable):
            await fail()
    assert len(waits) == 20 * 5
    assert max(waits) <= 0.5
    assert len(set(waits)) > 20
    assert sum(waits[::5]) < sum(waits[3::5])


async def test_40_a_retry_goes_to_another_endpoint() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        if request.url.host == "broken":
            raise httpx.ConnectError("refused", request=request)
        return embed_answer(request)

    client = OllamaClient(
        ["http://broken", "http://sound"], transport=httpx.MockTransport(answer), retries=IMPATIENT
    )
    assert len(await embed(client, "one")) == 1
    assert asked == ["broken", "sound"]


async def test_41_connecting_is_given_up_soon_and_reading_covers_load_and_queue() -> None:
    seen: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"])
        return embed_answer(request)

    await embed(client_of(answer), "one")
    assert seen[0]["connect"] == 2.0
    assert seen[0]["read"] == 300.0


async def test_41_a_silent_server_ends_in_model_unavailable() -> None:
    async def silence(_: Request, __: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with (
        FakeOllama(handler=silence).running() as server,
        aclosing(OllamaClient([server.url], timeouts=Timeouts(read=0.05), retries=IMPATIENT)) as client,
    ):
        with pytest.raises(ModelUnavailable, match="in time"):
            await embed(client, "one")


async def test_42_chats_send_the_options_that_are_given_and_no_nulls() -> None:
    seen: list[Any] = []
    client = chat_client([DONE], seen=seen)
    await collect(client)
    await collect(client, num_ctx=2048, temperature=0.2, max_tokens=50)
    assert "options" not in seen[0]
    assert seen[1]["options"] == {"num_ctx": 2048, "temperature": 0.2, "num_predict": 50}
    assert not any("think" in payload for payload in seen)


async def test_42_a_mistaken_embedding_leaves_the_context_of_later_chats_alone() -> None:
    seen: list[Any] = []
    client = chat_client([DONE], seen=seen)
    with pytest.raises(ModelError):
        await embed(client, "one")
    await collect(client, num_ctx=4096)
    assert seen[-1]["options"] == {"num_ctx": 4096}


async def test_42_embeddings_are_never_cut_silently_and_send_no_null() -> None:
    bodies: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return embed_answer(request)

    await embed(client_of(answer), "one")
    assert json.loads(bodies[0]) == {"model": "m", "input": ["one"], "truncate": False}


@pytest.mark.parametrize(("capabilities", "think"), [(["completion", "thinking"], False), (["completion"], None)])
async def test_42_only_a_model_that_thinks_is_told_not_to(capabilities: list[str], think: bool | None) -> None:
    seen: list[Any] = []
    await collect(chat_client([DONE], capabilities=capabilities, seen=seen))
    assert seen[0].get("think") is think


async def test_43_a_stream_that_ends_without_done_is_a_failure() -> None:
    received: list[str] = []
    with pytest.raises(ModelProtocolError, match="before it was done"):
        await drain(chat_client([chat_line("Hel"), chat_line("lo")]).chat([], model="m"), received)
    assert received == ["Hel", "lo"]


async def test_43_a_connection_that_breaks_within_a_stream_is_not_asked_again() -> None:
    calls: list[str] = []

    async def broken(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path != "/api/chat":
            await answer_about_model(request, writer)
            return
        calls.append(request.path)
        await start_stream(writer)
        await send_chunk(writer, json.dumps(chat_line("Hel")).encode() + b"\n")
        await asyncio.sleep(0.02)
        writer.transport.abort()

    async with (
        FakeOllama(handler=broken).running() as server,
        aclosing(OllamaClient([server.url], retries=IMPATIENT)) as client,
    ):
        received: list[str] = []
        with pytest.raises(ModelUnavailable):
            await drain(client.chat([], model="m"), received)
    assert received == ["Hel"]
    assert len(calls) == 1


async def test_43_a_stream_that_breaks_before_its_first_chunk_is_asked_again() -> None:
    calls: list[str] = []

    async def flaky(request: Request, writer: asyncio.StreamWriter) -> None:
        if request.path != "/api/chat":
            await answer_about_model(request, writer)
            return
        calls.append(request.path)
        if len(calls) == 1:
            writer.transport.abort()
            return
        await start_stream(writer)
        await send_chunk(writer, json.dumps(DONE).encode() + b"\n")
        await send_chunk(writer, b"")

    async with (
        FakeOllama(handler=flaky).running() as server,
        aclosing(OllamaClient([server.url], retries=IMPATIENT)) as client,
    ):
        chunks = await collect(client)
    assert [chunk.done for chunk in chunks] == [True]
    assert len(calls) == 2


async def test_44_an_error_within_a_stream_surfaces_after_what_came_before() -> None:
    client = chat_client([chat_line("Hel"), {"error": "an error was encountered while running the model"}])
    received: list[str] = []
    with pytest.raises(ModelError):
        await drain(client.chat([], model="m"), received)
    assert received == ["Hel"]


class Pieces(httpx.AsyncByteStream):
    def __init__(self, data: bytes, cuts: Sequence[int]) -> None:
        edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
        self._pieces = [data[begin:end] for begin, end in pairwise(edges)]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(min_size=1), min_size=1, max_size=5), st.lists(st.integers(min_value=0), max_size=12))
def test_45_lines_and_characters_split_anywhere_are_joined(texts: list[str], cuts: list[int]) -> None:
    lines = [*map(chat_line, texts), DONE]
    try:
        data = b"\n".join(json.dumps(line, ensure_ascii=False).encode() for line in lines)
    except UnicodeEncodeError:  # lone surrogates cannot be sent at all
        return

    async def receive() -> list[ChatChunk]:
        return await collect(chat_client(Pieces(data, cuts)))

    chunks = asyncio.run(receive())
    assert "".join(chunk.text for chunk in chunks) == "".join(texts)
    assert chunks[-1] == ChatChunk("", done=True, done_reason="stop", prompt_eval_count=7, eval_count=2)


async def test_45_line_separators_of_unicode_do_not_end_a_line() -> None:
    data = json.dumps(chat_line("a\u2028b\u0085c\x1dd"), ensure_ascii=False).encode() + b"\n"
    chunks = await collect(chat_client(Pieces(data + json.dumps(DONE).encode(), [])))
    assert chunks[0].text == "a\u2028b\u0085c\x1dd"


async def answer_about_model(request: Request, writer: asyncio.StreamWriter) -> None:
    if request.path == "/api/tags":
        await respond(writer, {"models": [{"name": "m:latest", "digest": "d"}]})
    else:
        await respond(writer, {"capabilities": ["completion"], "model_info": {}})


async def endless(request: Request, writer: asyncio.StreamWriter) -> None:
    if request.path != "/api/chat":
        await answer_about_model(request, writer)
        return
    await start_stream(writer)
    while True:
        await send_chunk(writer, json.dumps(chat_line("on ")).encode() + b"\n")
        await asyncio.sleep(0.005)


@pytest.mark.parametrize("how", ["close", "cancel", "leave"])
async def test_46_leaving_a_chat_closes_its_stream_and_frees_its_permit(how: str) -> None:
    async with (
        FakeOllama(handler=endless).running() as server,
        aclosing(OllamaClient([server.url], max_concurrency=1)) as client,
    ):

        async def listen(begun: asyncio.Event) -> None:
            async with aclosing(client.chat([], model="m")) as chunks:
                async for _ in chunks:
                    begun.set()
                    if how == "leave":
                        return

        for _ in range(2):  # the second chat could not begin if the first kept its permit
            before = server.disconnects
            if how == "close":
                chunks = client.chat([], model="m")
                assert (await anext(chunks)).text == "on "
                await chunks.aclose()
            elif how == "cancel":
                begun = asyncio.Event()
                task = asyncio.create_task(listen(begun))
                await begun.wait()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            else:
                await listen(asyncio.Event())
            await until(lambda before=before: server.disconnects > before)  # type: ignore[misc]


@pytest.mark.parametrize("workers", [1, 8])
async def test_47_a_query_waits_for_one_text_at_most_while_ingestion_runs(workers: int) -> None:
    async with (
        FakeOllama(slots=1, seconds=0.004).running() as server,
        aclosing(OllamaClient([server.url])) as client,
    ):
        texts = [f"text {number}" for number in range(400)]
        ingestion = asyncio.create_task(processor(client, max_workers=workers).process(texts))
        ahead: list[int] = []
        for number in range(6):
            begun = len(server.embedded)
            await until(lambda begun=begun: len(server.embedded) >= begun + 15)  # type: ignore[misc]
            begun = len(server.embedded)
            await embed(client, f"query {number}")
            ahead.append(server.embedded.index(f"query {number}") - begun)
        vectors = await ingestion
    # One may begin between looking and asking; the queue of up to 512 is never in front.
    assert max(ahead) <= 2, ahead
    assert all(vector is not None for vector in vectors)


async def test_47_bulk_work_advances_under_queries_without_a_pause() -> None:
    async with (
        FakeOllama(slots=1, seconds=0.002).running() as server,
        aclosing(OllamaClient([server.url], patience=0.02)) as client,
    ):
        asking = True

        async def ask() -> None:
            while asking:
                await embed(client, "query")

        askers = [asyncio.create_task(ask()) for _ in range(3)]
        async with asyncio.timeout(60):
            vectors = await processor(client).process([f"text {number}" for number in range(10)])
        asking = False
        await asyncio.gather(*askers)
    assert all(vector is not None for vector in vectors)


async def test_47_bulk_work_steps_aside_for_a_query_of_another_process() -> None:
    async with FakeOllama(slots=1, seconds=0.004).running() as server:
        api, worker = OllamaClient([server.url]), OllamaClient([server.url])
        ingestion = asyncio.create_task(processor(worker).process([f"text {number}" for number in range(300)]))
        await until(lambda: len(server.embedded) > 20)
        worker.give_way(frozenset(api.endpoints))
        await asyncio.sleep(0.01)
        begun = len(server.embedded)
        await embed(api, "query")
        assert server.embedded.index("query") - begun <= 1
        worker.give_way(frozenset())
        assert all(vector is not None for vector in await ingestion)
        await api.aclose()
        await worker.aclose()


def test_48_prefixes_follow_the_model_whatever_its_tag_and_namespace() -> None:
    assert prefixes_for("all-minilm") == Prefixes("", "")
    assert prefixes_for("nomic-embed-text:v1.5") == Prefixes("search_query: ", "search_document: ")
    assert prefixes_for("library/Nomic-Embed-Text") == Prefixes("search_query: ", "search_document: ")
    assert prefixes_for("snowflake-arctic-embed:s").query.startswith("Represent this sentence")
    assert prefixes_for("snowflake-arctic-embed2").query == "query: "
    assert prefixes_for("qwen3-embedding:0.6b").query.endswith("\nQuery:")


async def test_48_endpoints_with_different_versions_of_a_model_are_not_mixed() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"models": [{"name": "m:latest", "digest": request.url.host}]})

    client = OllamaClient(["http://a", "http://b"], transport=httpx.MockTransport(answer))
    with pytest.raises(ModelUnsuitable, match="different versions"):
        await client.show("m")


async def test_48_a_model_is_described_with_digest_dimension_and_context() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api/tags":
            listed = {"name": "all-minilm:latest", "digest": "d1", "size": 9, "details": {"family": "bert"}}
            return httpx.Response(200, json={"models": [listed]})
        facts = {"general.architecture": "bert", "bert.embedding_length": 384, "bert.context_length": 512}
        return httpx.Response(200, json={"model_info": facts, "capabilities": ["embedding"]})

    info = await client_of(answer).show("All-MiniLM")
    assert (info.name, info.digest, info.dimension, info.context_length) == ("all-minilm:latest", "d1", 384, 512)
    assert info.capabilities == {"embedding"}
    with pytest.raises(ModelNotFound):
        await client_of(answer).show("other")


async def test_models_of_all_endpoints_are_listed_and_a_dead_endpoint_is_passed_over() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "dead":
            raise httpx.ConnectError("refused", request=request)
        match request.url.path:
            case "/api/tags":
                return httpx.Response(200, json={"models": [{"name": f"{request.url.host}:latest", "digest": "d"}]})
            case "/api/ps":
                model = {
                    "name": "m",
                    "digest": "d",
                    "size": 10,
                    "size_vram": 4,
                    "expires_at": "2026-11-22T10:00:00.123456789+01:00",
                }
                return httpx.Response(200, json={"models": [model, {"name": "n", "expires_at": "never"}]})
        return httpx.Response(200, json={"version": "0.33.0"})

    client = OllamaClient(["http://b", "http://dead", "http://a"], transport=httpx.MockTransport(answer))
    assert [model.name for model in await client.models()] == ["a:latest", "b:latest"]
    running = await client.running()
    assert [(model.endpoint, model.name) for model in running][:2] == [("http://b", "m"), ("http://b", "n")]
    assert running[0].expires_at is not None
    assert running[0].expires_at.isoformat() == "2026-11-22T10:00:00.123456+01:00"
    assert running[1].expires_at is None
    statuses = await client.ping()
    assert [(status.version, status.error is None) for status in statuses] == [
        ("0.33.0", True),
        (None, False),
        ("0.33.0", True),
    ]
    with pytest.raises(ModelUnavailable):
        await OllamaClient(["http://dead"], transport=httpx.MockTransport(answer)).models()


async def test_a_pull_reports_its_progress_and_fails_with_its_reason() -> None:
    lines = [{"status": "pulling manifest"}, {"status": "pulling d", "digest": "d", "total": 9, "completed": 4}]

    def answering(*more: dict[str, Any]) -> OllamaClient:
        content = b"\n".join(json.dumps(line).encode() for line in (*lines, *more))
        return client_of(lambda _: httpx.Response(200, content=content))

    seen = [step async for step in answering({"status": "success"}).pull("m")]
    assert [step.status for step in seen] == ["pulling manifest", "pulling d", "success"]
    assert (seen[1].completed, seen[1].total) == (4, 9)
    with pytest.raises(ModelNotFound):
        _ = [step async for step in answering({"error": "model 'm' not found"}).pull("m")]


async def test_a_pull_of_a_model_that_the_registry_lacks_fails_before_its_first_step() -> None:
    lines = [{"status": "pulling manifest"}, {"error": "pull model manifest: file does not exist"}]
    content = b"\n".join(json.dumps(line).encode() for line in lines)
    steps = client_of(lambda _: httpx.Response(200, content=content)).pull("m")
    with pytest.raises(ModelNotFound, match="registry has no m"):
        await anext(steps)


async def test_what_is_no_model_server_is_said_to_be_none() -> None:
    for answer in (
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"models": None}),
        httpx.Response(404, text="404 page not found"),
    ):
        client = client_of(lambda _, answer=answer: answer)  # type: ignore[misc]
        with pytest.raises(ModelProtocolError):
            await client.models()


async def test_the_observer_is_told_of_requests_retries_and_circuits() -> None:
    told: list[tuple[str, ...]] = []

    class Listener(NullObserver):
        def on_request(
            self,
            *,
            operation: str,
            model: str,
            lane: str,
            endpoint: str,
            outcome: str,
            seconds: float,
            texts: int,
        ) -> None:
            assert seconds >= 0
            told.append((operation, model, lane, endpoint, outcome, str(texts)))

        def on_retry(self, *, operation: str, model: str, attempt: int, error: str) -> None:
            told.append(("retry", operation, model, str(attempt), error))

        def on_circuit(self, *, endpoint: str, circuit: str) -> None:
            told.append(("circuit", endpoint, circuit))

    def refuse(_: httpx.Request) -> httpx.Response:
        return httpx.Response(503)

    assert len(await embed(client_of(embed_answer, observer=Listener()), "one", "two", lane=Lane.BULK)) == 2
    with pytest.raises(ModelUnavailable):
        await embed(client_of(refuse, observer=Listener()), "one")
    failed = ("embed", "m", "interactive", "http://models", "model-unavailable", "1")
    closed = ("circuit", "http://models", "closed")
    assert told == [
        closed,
        ("embed", "m", "bulk", "http://models", "ok", "2"),
        closed,
        failed,
        ("retry", "embed", "m", "2", "model-unavailable"),
        failed,
        ("retry", "embed", "m", "3", "model-unavailable"),
        ("circuit", "http://models", "open"),
        failed,
    ]


async def test_the_observer_hears_nothing_of_models_that_no_server_has() -> None:
    told: list[str] = []

    class Listener(NullObserver):
        def on_chat(self, *, model: str, seconds: float, input_tokens: int, output_tokens: int) -> None:
            told.append(model)

    client = chat_client([DONE], observer=Listener())
    for name in ("one", "two", "m"):
        with contextlib.suppress(ModelNotFound):
            await drain(client.chat([], model=name), [])
    assert told == ["m"]


async def test_49_a_local_server_is_never_asked_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    async with FakeOllama().running() as tcp, FakeOllama().running(str(tmp_path / "s")) as unix:
        for server in (tcp, unix):
            client = OllamaClient([server.url], retries=IMPATIENT)
            assert len(await embed(client, "one")) == 1
            await client.aclose()


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, json={"error": f"cannot embed: {SECRET}"}),
        httpx.Response(500, json={"error": f"unsupported value: NaN in {SECRET}"}),
        httpx.Response(503, text=SECRET),
        httpx.Response(200, text=SECRET),
        httpx.Response(200, json={"embeddings": [[0.0] * DIMENSION], "echo": SECRET}),
    ],
)
async def test_50_no_document_text_reaches_logs_or_errors(
    answer: httpx.Response, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def respond_or_fail(request: httpx.Request) -> httpx.Response:
        texts = json.loads(request.content)["input"]
        return answer if any(SECRET in text for text in texts) else embed_answer(request)

    client = client_of(respond_or_fail)
    with pytest.raises(ModelError) as caught:
        await embed(client, SECRET)
    try:
        assert await processor(client).process([SECRET, "harmless"])
    except ModelError as error:
        assert isinstance(error, ModelUnavailable)  # noqa: PT017
    assert SECRET not in caught.value.detail
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert SECRET not in caplog.text


async def test_50_credentials_are_sent_and_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return embed_answer(request) if request.content else httpx.Response(200, json={"version": "1"})

    client = OllamaClient(["http://user:pass%20word@models:1/base"], transport=httpx.MockTransport(answer))
    await embed(client, "one")
    (status,) = await client.ping()
    assert seen[0].headers["authorization"] == httpx.BasicAuth("user", "pass word")._auth_header
    assert str(seen[0].url) == "http://models:1/base/api/embed"
    assert status.endpoint == "http://models:1/base"
    assert "pass" not in caplog.text
    with pytest.raises(ValueError) as caught:
        OllamaClient(["ftp://user:secret@models"])
    assert "secret" not in str(caught.value)


async def test_correlation_headers_are_asked_for_at_each_request() -> None:
    seen: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers.get("x-request-id"))
        return embed_answer(request)

    numbers = iter(["1", "2"])
    client = client_of(answer, headers=lambda: {"X-Request-ID": next(numbers)})
    await embed(client, "one")
    await embed(client, "two")
    assert seen == ["1", "2"]


def test_the_interactive_lane_gives_up_sooner_than_a_person_does() -> None:
    assert INTERACTIVE_RETRIES.attempts * INTERACTIVE_RETRIES.wait_max <= 2
