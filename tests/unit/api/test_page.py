"""The built page as it is served."""

import gzip
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.api.page import add_page
from tests.support.folders import REPO

SCRIPT = b"console.log('a page')\n" * 50


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "secret.txt").write_text("not to be read")
    (tmp_path / "index.html").write_text("<!doctype html><title>LocalChat</title>")
    (tmp_path / "assets" / "index-1a2b.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "index-1a2b.js.br").write_bytes(b"as brotli")
    (tmp_path / "assets" / "index-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    return tmp_path


@pytest.fixture
async def client(folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    add_page(app, folder)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        client.headers["accept-encoding"] = "identity"
        yield client


async def test_the_index_is_asked_for_anew_and_allows_nothing_inline(client: httpx.AsyncClient) -> None:
    response = await client.get("/")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-cache"
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    again = await client.get("/", headers={"if-none-match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_an_asset_is_kept_for_ever(client: httpx.AsyncClient) -> None:
    response = await client.get("/assets/index-1a2b.js")
    assert response.content == SCRIPT
    assert response.headers["content-type"].startswith("text/javascript")
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["vary"] == "Accept-Encoding"
    assert (await client.head("/assets/index-1a2b.js")).headers["content-length"] == str(len(SCRIPT))


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("*", "br"),
        ("br;q=0.0, gzip; q=0", None),
        ("", None),
    ],
)
async def test_a_copy_that_was_compressed_at_build_time_is_sent(
    client: httpx.AsyncClient, folder: Path, accepted: str, coding: str | None
) -> None:
    path = "/assets/index-1a2b.js"
    async with client.stream("GET", path, headers={"accept-encoding": accepted}) as response:
        sent = b"".join([part async for part in response.aiter_raw()])
    assert response.headers.get("content-encoding") == coding
    assert response.headers["content-type"].startswith("text/javascript")
    ending = {None: "", "br": ".br", "gzip": ".gz"}[coding]
    assert sent == (folder / "assets" / f"index-1a2b.js{ending}").read_bytes()


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fsecret.txt", "../secret.txt", "%2Fetc%2Fpasswd", "a%00b", ""])
async def test_nothing_else_is_served(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/assets/{name}")).status_code == 404


async def test_a_service_without_a_built_page_says_so(tmp_path: Path) -> None:
    app = FastAPI()
    add_page(app, tmp_path / "none")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client:
        response = await client.get("/")
    assert response.status_code == 503
    assert "The page is not built" in response.text
    assert "make page" in response.text


def test_the_wheel_holds_the_built_page(tmp_path: Path) -> None:
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        (tmp_path / name).write_bytes((REPO / name).read_bytes())
    (tmp_path / "app" / "page" / "assets").mkdir(parents=True)
    (tmp_path / "app" / "__init__.py").write_text('"""LocalChat."""\n')
    for name in ("index.html", "index.html.br", "assets/index-1a2b.js"):
        (tmp_path / "app" / "page" / name).write_text("built")
    build = "from flit_core import buildapi; print(buildapi.build_wheel('.'))"
    made = subprocess.run([sys.executable, "-c", build], cwd=tmp_path, check=True, capture_output=True, text=True)
    with zipfile.ZipFile(tmp_path / made.stdout.strip()) as wheel:
        assert {"app/page/index.html", "app/page/index.html.br", "app/page/assets/index-1a2b.js"} <= set(
            wheel.namelist()
        )


def test_the_lock_of_the_page_records_no_addresses() -> None:
    lock = (REPO / "web" / "package-lock.json").read_text()
    assert '"resolved"' not in lock
    assert '"integrity"' in lock
