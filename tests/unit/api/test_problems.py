"""Every error is a problem, and none is the service's fault."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.errors import NotFound, StoreUnavailable
from tests.support.api import Fakes, client_of, serving

MEMBERS = {"type", "title", "status", "detail", "instance", "request_id", "trace_id"}
UNKNOWN = "00000000-0000-0000-0000-00000000dead"


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
async def client(fakes: Fakes) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(fakes, max_upload_bytes=100_000) as client:
        yield client


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body.keys() >= MEMBERS
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    return body


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing/here", 404),
        ("GET", "/api/documents/", 404),
        ("PUT", "/api/search", 405),
        ("GET", f"/api/documents/{UNKNOWN}", 404),
        ("GET", f"/api/documents/{UNKNOWN}/events", 404),
        ("GET", "/api/documents/not-a-uuid", 422),
        ("GET", "/api/documents?limit=0", 422),
        ("GET", f"/api/documents?limit={'9' * 5000}", 422),
        ("GET", "/api/documents?status=odd", 422),
        ("GET", "/api/documents?cursor=%00", 422),
        ("GET", "/api/collections/%00", 422),
        ("GET", "/api/collections/absent", 404),
    ],
)
async def test_a_request_that_cannot_be_served_gets_a_problem(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    body = problem(await client.request(method, path), status)
    assert body["instance"] == httpx.URL(path).raw_path.decode().partition("?")[0]


@pytest.mark.parametrize("path", ["/api/search", "/api/chat", "/api/collections", "/api/feedback"])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"query": "\\ud800", "question": "\\ud800", "name": "\\ud800"}',
        b'{"query": "a\\u0000b", "question": "a\\u0000b", "name": "a\\u0000b"}',
        b'{"query": "x", "question": "x", "name": "x", "filter": {"a": "\\u0000"}}',
        b'{"query": "x", "question": "x", "name": "x", "filter": {"a": 1e999}}',
        b'{"query": "x", "question": "x", "name": "x", "filter": {"a": 99999999999999999999}}',
        b'{"query": "x", "question": "x", "name": "x", "top_k": ' + b"9" * 5000 + b"}",
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b'{"query": "x", "question": "x", "name": "x", "filter": ' + b'{"a":' * 40 + b"1" + b"}" * 41,
    ],
)
async def test_a_hostile_body_is_the_clients_fault(client: httpx.AsyncClient, path: str, content: bytes) -> None:
    response = await client.post(path, content=content, headers={"content-type": "application/json"})
    assert response.status_code in {400, 422}
    problem(response, response.status_code)


async def test_a_refused_field_is_named(client: httpx.AsyncClient) -> None:
    body = problem(await client.post("/api/search", json={"query": "x", "top_k": 0, "mode": "odd"}), 422)
    assert {(item["location"], item["field"]) for item in body["errors"]} == {("body", "top_k"), ("body", "mode")}
    assert "top_k" in body["detail"]


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("", "Value should have at least 1 character, not 0"),
        ("x" * 8001, "Value should have at most 8000 characters, not 8001"),
    ],
)
async def test_a_text_of_the_wrong_length_is_told_the_limit_in_characters(
    client: httpx.AsyncClient, query: str, detail: str
) -> None:
    body = problem(await client.post("/api/search", json={"query": query}), 422)
    assert [item["detail"] for item in body["errors"]] == [detail]


async def test_a_misspelt_field_is_refused(client: httpx.AsyncClient) -> None:
    body = problem(await client.post("/api/search", json={"query": "x", "topk": 3}), 422)
    assert body["errors"][0]["field"] == "topk"


@pytest.mark.parametrize(
    ("path", "declared"), [("/api/search", "text/plain"), ("/api/documents", "application/json")]
)
async def test_a_body_of_another_media_type_is_refused(client: httpx.AsyncClient, path: str, declared: str) -> None:
    problem(await client.post(path, content=b"{}", headers={"content-type": declared}), 415)


async def test_a_malformed_form_is_the_clients_fault(client: httpx.AsyncClient) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    problem(await client.post("/api/documents", content=b"--y\r\nnonsense", headers=headers), 400)


async def test_an_error_of_ours_keeps_its_status(fakes: Fakes, client: httpx.AsyncClient) -> None:
    fakes.search.error = StoreUnavailable("The database did not answer.")
    response = await client.post("/api/search", json={"query": "x"})
    assert problem(response, 503)["type"] == "urn:localchat:problem:store-unavailable"
    assert response.headers["retry-after"] == "1"


async def test_the_text_of_an_unexpected_error_is_logged_but_never_sent(
    fakes: Fakes, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    fakes.search.error = RuntimeError("password=hunter2")
    with caplog.at_level(logging.ERROR):
        response = await client.post("/api/search", json={"query": "x"})
    problem(response, 500)
    assert "hunter2" not in response.text
    assert "hunter2" in caplog.text


async def test_an_answer_that_cannot_begin_is_an_ordinary_problem(fakes: Fakes, client: httpx.AsyncClient) -> None:
    fakes.answers.error = NotFound("There is no collection called 'x'.")
    problem(await client.post("/api/chat", json={"question": "x"}), 404)


async def test_a_body_declared_too_large_is_refused_unread(client: httpx.AsyncClient) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        read += 1
        yield b"x"

    headers = {"content-type": "multipart/form-data; boundary=x", "content-length": "1000000"}
    problem(await client.post("/api/documents", content=body(), headers=headers), 413)
    assert read == 0


async def test_a_body_that_grows_too_large_is_refused_while_it_comes(client: httpx.AsyncClient) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
        while sent < 100_000_000:
            sent += 10_000
            yield b"x" * 10_000

    headers = {"content-type": "multipart/form-data; boundary=x"}
    refused = problem(await client.post("/api/documents", content=body(), headers=headers), 413)
    assert refused["type"] == "urn:localchat:problem:too-large"
    assert sent < 200_000


async def test_files_that_are_too_large_together_are_refused(client: httpx.AsyncClient) -> None:
    files = [("files", (f"{i}.txt", b"x" * 60_000)) for i in range(2)]
    problem(await client.post("/api/documents", files=files), 413)


@pytest.mark.parametrize("name", ["a\x01.txt", ".", "x" * 300])
async def test_a_file_without_a_usable_name_is_refused(client: httpx.AsyncClient, name: str) -> None:
    content = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\nhi\r\n--x--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    problem(await client.post("/api/documents", content=content.encode(), headers=headers), 422)


@pytest.mark.parametrize("metadata", ["{", "[]", '{"a": "\\u0000"}', '{"a": NaN}', "9" * 5000])
async def test_metadata_that_cannot_be_stored_is_refused(client: httpx.AsyncClient, metadata: str) -> None:
    response = await client.post("/api/documents", files={"files": ("a.txt", b"x")}, data={"metadata": metadata})
    assert problem(response, 422)["errors"][0]["field"].startswith("metadata")


async def test_a_key_is_asked_for_when_keys_are_on() -> None:
    async with client_of(Fakes(), auth_mode="api_key") as client:
        refused = await client.get("/api/documents")
        problem(refused, 401)
        assert refused.headers["www-authenticate"] == "Bearer"
        problem(await client.post("/api/search", json={"query": "x"}, headers={"x-api-key": "wrong"}), 401)
        assert (await client.get("/health/live")).status_code == 200


async def test_a_key_opens_its_tenant() -> None:
    fakes = Fakes()
    async with client_of(fakes, auth_mode="api_key") as client:
        for headers in ({"authorization": "Bearer lc_a-key"}, {"x-api-key": "lc_a-key"}):
            assert (await client.post("/api/search", json={"query": "x"}, headers=headers)).status_code == 200
    assert [query.tenant for query in fakes.search.asked] == ["acme", "acme"]


async def test_a_lost_client_is_nobodys_error(fakes: Fakes, caplog: pytest.LogCaptureFixture) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/api/search", "headers": headers, "query_string": b""}
    with caplog.at_level(logging.ERROR):
        async with asyncio.timeout(60):
            await serving(fakes)(scope, receive, send)
    assert [message.get("status") for message in sent] == [499, None]
    assert not caplog.records
