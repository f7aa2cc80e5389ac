"""Documents and collections over HTTP."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from app.api.headers import attachment_headers
from tests.support.api import Fakes, client_of


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
async def client(fakes: Fakes) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(fakes) as client:
        yield client


async def upload(client: httpx.AsyncClient, name: str = "a.txt", content: bytes = b"hello") -> str:
    response = await client.post("/api/documents", files={"files": (name, content, "text/plain")})
    assert response.status_code == 202
    identifier: str = response.json()["items"][0]["id"]
    return identifier


async def test_an_upload_is_accepted_with_where_to_look(fakes: Fakes, client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/api/documents",
        files=[("files", ("a.txt", b"one")), ("files", ("dir/b.txt", b"two"))],
        data={"collection": "files", "metadata": '{"year": 2026}', "on_conflict": "replace"},
        headers={"idempotency-key": "k1"},
    )
    assert response.status_code == 202
    items = response.json()["items"]
    assert [(item["filename"], item["status"]) for item in items] == [("a.txt", "queued"), ("dir/b.txt", "queued")]
    assert response.headers["location"] == f"/api/documents/{items[0]['id']}"
    assert fakes.documents.asked == [
        {
            "tenant": "default",
            "collection": "files",
            "metadata": {"year": 2026},
            "on_conflict": "replace",
            "key": "k1",
        }
    ]


async def test_the_same_bytes_again_are_unchanged(client: httpx.AsyncClient) -> None:
    first = await upload(client)
    again = await client.post("/api/documents", files={"files": ("a.txt", b"hello")})
    assert (again.json()["items"][0]["id"], again.json()["items"][0]["status"]) == (first, "unchanged")


async def test_a_document_is_not_sent_again_while_it_is_the_same(client: httpx.AsyncClient) -> None:
    path = f"/api/documents/{await upload(client)}"
    tag = (await client.get(path)).headers["etag"]
    assert tag.startswith('"')
    same = await client.get(path, headers={"if-none-match": f'"other", {tag}'})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert (await client.get(path, headers={"if-none-match": '"other"'})).status_code == 200


async def test_a_replacement_of_what_has_changed_is_refused(client: httpx.AsyncClient) -> None:
    path = f"/api/documents/{await upload(client)}"
    tag = (await client.get(path)).headers["etag"]
    for name in ("file", "files"):
        replaced = await client.put(path, files={name: ("a.txt", b"new")}, headers={"if-match": tag})
        assert replaced.status_code == 202
        assert (await client.put(path, files={name: ("a.txt", b"x")}, headers={"if-match": tag})).status_code == 412
        tag = replaced.headers["etag"]
    assert (await client.put(path, data={"metadata": "{}"}, files={"other": b""})).status_code == 422


async def test_metadata_is_changed_without_the_content(client: httpx.AsyncClient) -> None:
    path = f"/api/documents/{await upload(client)}"
    tag = (await client.get(path)).headers["etag"]
    described = await client.patch(path, json={"metadata": {"year": 2026}}, headers={"if-match": tag})
    assert (described.status_code, described.json()["metadata"]) == (200, {"year": 2026})
    assert (await client.get(f"{path}/content")).content == b"hello"
    stale = await client.patch(path, json={"metadata": {}}, headers={"if-match": '"another"'})
    assert stale.status_code == 412
    assert (await client.patch(path, json={"metadata": {"a": "\x00"}})).status_code == 422
    large = await client.patch(path, json={"metadata": {"a": "é" * 32 * 1024}})
    assert (large.status_code, "more than 65536 bytes" in large.text) == (422, True)


async def test_a_document_is_renamed_without_its_content(client: httpx.AsyncClient) -> None:
    path = f"/api/documents/{await upload(client)}"
    renamed = await client.patch(path, json={"filename": "sub/b.txt"})
    assert (renamed.status_code, renamed.json()["filename"]) == (200, "sub/b.txt")
    assert (await client.patch(path, json={"filename": "/etc/c.txt"})).json()["filename"] == "c.txt"
    for wrong in ("", "..", "a\nb", "x" * 300):
        assert (await client.patch(path, json={"filename": wrong})).status_code == 422
    assert (await client.get(f"{path}/content")).content == b"hello"


async def test_content_comes_back_as_a_file_to_save(client: httpx.AsyncClient) -> None:
    identifier = await upload(client, "r\u00e9sum\u00e9 1.html", b"<script>alert(1)</script>")
    response = await client.get(f"/api/documents/{identifier}/content")
    assert response.content == b"<script>alert(1)</script>"
    assert response.headers["content-disposition"] == (
        "attachment; filename=\"r_sum_ 1.html\"; filename*=UTF-8''r%C3%A9sum%C3%A9%201.html"
    )
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-type"].startswith("text/plain")


def test_a_filename_cannot_break_out_of_its_header() -> None:
    sent = attachment_headers('a"; x="\r\ny', "text/html\r\nx: y")
    assert sent["Content-Disposition"] == (
        "attachment; filename=\"a_; x=___y\"; filename*=UTF-8''a%22%3B%20x%3D%22%0D%0Ay"
    )
    assert sent["Content-Type"] == "application/octet-stream"


async def test_ingestion_can_be_followed(client: httpx.AsyncClient) -> None:
    response = await client.get(f"/api/documents/{await upload(client)}/events")
    assert response.headers["content-type"].startswith("text/event-stream")
    names = [line.removeprefix("event: ") for line in response.text.splitlines() if line.startswith("event: ")]
    assert names == ["progress", "done"]
    assert '"stage":"embed","done":1,"total":2' in response.text


async def test_a_list_ends_without_a_cursor(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await upload(client, f"{number}.txt", bytes([number]))
    page = (await client.get("/api/documents", params={"limit": 2})).json()
    assert len(page["items"]) == 2
    assert page["next_cursor"]
    assert (await client.get("/api/documents")).json()["next_cursor"] is None


async def test_a_deleted_document_is_gone(client: httpx.AsyncClient) -> None:
    path = f"/api/documents/{await upload(client)}"
    gone = await client.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert (await client.get(path)).status_code == 404


async def test_collections_are_made_renamed_and_deleted(client: httpx.AsyncClient) -> None:
    made = await client.post("/api/collections", json={"name": "books"})
    assert (made.status_code, made.headers["location"]) == (201, "/api/collections/books")
    assert made.json()["embedding_model"] == "all-minilm"
    assert (await client.post("/api/collections", json={"name": "books"})).status_code == 409
    assert (await client.patch("/api/collections/books", json={"name": "tomes"})).status_code == 200
    assert (await client.delete("/api/collections/tomes")).status_code == 204
    assert [item["name"] for item in (await client.get("/api/collections")).json()["items"]] == ["default"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("a.txt", "a.txt"),
        ("guide/set-up/a.txt", "guide/set-up/a.txt"),
        ("guide\\a.txt", "guide/a.txt"),
        ("/home/someone/a.txt", "a.txt"),
        ("C:\\Users\\someone\\a.txt", "a.txt"),
        ("../../a.txt", "a.txt"),
    ],
)
async def test_a_relative_path_is_kept_as_the_name_and_an_absolute_one_is_not(sent: str, kept: str) -> None:
    async with client_of(Fakes()) as client:
        response = await client.post("/api/documents", files={"files": (sent, b"text")})
    assert response.json()["items"][0]["filename"] == kept


async def filenames_of(parts: list[bytes]) -> list[str]:
    body = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="files"; ' + part + b"\r\n\r\n%d\r\n" % number
        for number, part in enumerate(parts)
    )
    headers = {"content-type": "multipart/form-data; boundary=x"}
    async with client_of(Fakes()) as client:
        response = await client.post("/api/documents", content=body + b"--x--\r\n", headers=headers)
    assert response.status_code == 202, response.text
    return [item["filename"] for item in response.json()["items"]]


@pytest.mark.parametrize(
    "name",
    [
        "Screenshot 2026-01-05 at 9.41.00\u202fAM.png",
        "10\u00a0000 rows.csv",
        "Donau\u00addampf.txt",
        "\u200f\u05d7\u05d5\u05d6\u05d4\u200e.txt",
        "e\u0301te\u0301.txt",
        "\u5408\u540c \U0001f600.txt",
    ],
)
async def test_names_may_have_any_character_that_people_type(name: str) -> None:
    assert await filenames_of([f'filename="{name}"'.encode()]) == [name]


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (b"filename*=UTF-8''R%C3%A9sum%C3%A9%20%22a%22.txt", 'R\u00e9sum\u00e9 "a".txt'),
        (b"filename=\"Resume.txt\"; filename*=utf-8'en'R%C3%A9sum%C3%A9.txt", "R\u00e9sum\u00e9.txt"),
        (b"filename=\"a.txt\"; filename*=iso-8859-1''caf%E9.txt", "caf\u00e9.txt"),
        (b"filename=\"a.txt\"; filename*=utf-8''%FF.txt", "a.txt"),
        (b"filename=\"a.txt\"; filename*=no-such''b.txt", "a.txt"),
        (b'filename="=?utf-8?B?R3LDvMOfZS50eHQ=?="', "Gr\u00fc\u00dfe.txt"),
        (b'filename="=?iso-8859-1?Q?caf=E9_1.txt?="', "caf\u00e9 1.txt"),
        (b'filename="=?no-such?B?R3LDvMOfZS50eHQ=?="', "=?no-such?B?R3LDvMOfZS50eHQ=?="),
        (b'filename="caf\xe9.txt"', "caf\u00e9.txt"),
    ],
)
async def test_names_are_decoded_however_they_were_sent(part: bytes, name: str) -> None:
    assert await filenames_of([part]) == [name]


async def test_a_batch_loses_only_the_file_whose_name_cannot_be_stored(client: httpx.AsyncClient) -> None:
    names = ["a.txt", "x" * 300, "b.txt"]
    response = await client.post("/api/documents", files=[("files", (name, name.encode())) for name in names])
    assert response.status_code == 202
    assert [item["filename"] for item in response.json()["items"]] == ["a.txt", "b.txt"]
    [refused] = response.json()["refused"]
    assert (refused["position"], refused["filename"]) == (1, "x" * 300)
    assert "1 to 255 characters" in refused["detail"]


async def test_a_collection_is_moved_to_another_model_and_the_move_cancelled(client: httpx.AsyncClient) -> None:
    route = "/api/collections/default/reindex"
    moving = await client.post(route, json={"embedding_model": "other"})
    assert (moving.status_code, moving.headers["location"]) == (202, "/api/collections/default")
    assert (await client.get("/api/collections/default")).json()["reindex"]["status"] == "queued"
    cancelled = await client.post(f"{route}/cancel")
    assert (cancelled.status_code, cancelled.json()["reindex"]["status"]) == (200, "cancelled")
    assert (await client.post(f"{route}/cancel")).status_code == 409


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("default", {"embedding_model": "all-minilm"}, 409),
        ("absent", {"embedding_model": "other"}, 404),
        ("default", {"embedding_model": "no such name"}, 422),
        ("default", {"embedding_model": None}, 422),
        ("default", {"model": "other"}, 422),
    ],
)
async def test_a_move_that_makes_no_sense_is_a_problem(
    client: httpx.AsyncClient, name: str, body: dict[str, object], status: int
) -> None:
    refused = await client.post(f"/api/collections/{name}/reindex", json=body)
    assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json")


async def test_a_collection_tells_its_limits_on_the_cache(client: httpx.AsyncClient) -> None:
    limits = {"ttl": 60, "max_entries": 5, "max_bytes": 1000}
    changed = await client.patch("/api/collections/default", json={"settings": {"cache": limits}})
    assert changed.json()["settings"] == {"cache": limits}
    assert (await client.get("/api/collections/default")).json()["settings"] == {"cache": limits}
    lifted = await client.patch("/api/collections/default", json={"settings": {"cache": {}}})
    assert lifted.json()["settings"] == {"cache": {}}
    for wrong in ({"ttl": 0}, {"max_entries": 0}, {"max_bytes": 0.5}, {"tll": 5}, {"ttl": "soon"}):
        refused = await client.patch("/api/collections/default", json={"settings": {"cache": wrong}})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == f"settings.cache.{next(iter(wrong))}"


async def test_a_collection_tells_how_it_is_searched(client: httpx.AsyncClient) -> None:
    wanted = {"lexical_weight": 0.0, "repeat_penalty": 2.5, "reranker": "proximity", "ef_search": 40}
    changed = await client.patch("/api/collections/default", json={"settings": {"retrieval": wanted}})
    assert changed.json()["settings"] == {"retrieval": wanted}
    reset = await client.patch("/api/collections/default", json={"settings": {"retrieval": {}}})
    assert reset.json()["settings"] == {"retrieval": {}}
    for wrong in (
        {"lexical_weight": 1.1},
        {"repeat_penalty": -1},
        {"reranker": "best"},
        {"ef_search": 0},
        {"ef_search": 1001},
        {"weight": 0.5},
    ):
        refused = await client.patch("/api/collections/default", json={"settings": {"retrieval": wrong}})
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == f"settings.retrieval.{next(iter(wrong))}"


async def test_a_part_of_the_content_is_sent_by_range(client: httpx.AsyncClient) -> None:
    path = f"/api/documents/{await upload(client, content=b'0123456789')}/content"
    whole = await client.get(path)
    assert whole.headers["accept-ranges"] == "bytes"
    for wanted, part, place in (
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
    ):
        answer = await client.get(path, headers={"range": wanted, "if-range": whole.headers["etag"]})
        assert (answer.status_code, answer.content, answer.headers["content-range"]) == (206, part, place)
    missing = await client.get(path, headers={"range": "bytes=10-"})
    assert (missing.status_code, missing.headers["content-range"]) == (416, "bytes */10")
    for wanted, condition in (
        ("bytes=2-4", '"other"'),
        ("lines=1-2", ""),
        ("bytes=4-2", ""),
        ("bytes=0-1,3-4", ""),
    ):
        headers = {"range": wanted} | ({"if-range": condition} if condition else {})
        answer = await client.get(path, headers=headers)
        assert (answer.status_code, answer.content) == (200, b"0123456789")


async def test_head_has_the_status_and_headers_of_get_and_no_body(client: httpx.AsyncClient) -> None:
    path = f"/api/documents/{await upload(client)}"
    for address in (f"{path}/content", path, "/api/documents", "/health/live", "/metrics", f"{path}/nothing"):
        got, head = await client.get(address), await client.head(address)
        assert (head.status_code, head.content) == (got.status_code, b""), address
        assert head.headers["content-type"] == got.headers["content-type"], address


async def test_head_of_a_stream_ends(client: httpx.AsyncClient) -> None:
    identifier = await upload(client)
    async with asyncio.timeout(60):
        head = await client.head(f"/api/documents/{identifier}/events")
    assert (head.status_code, head.content) == (200, b"")


async def test_a_byte_order_mark_before_json_is_ignored(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/api/collections",
        content=b"\xef\xbb\xbf" + b'{"name": "marked"}',
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 201
