"""Checks of a running service, by its HTTP interface alone: `make e2e URL=http://127.0.0.1:8000`.

They expect shared evaluation data beside the repository and the collections that docs/OPERATIONS.md names.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def service() -> Iterator[httpx.Client]:
    url = os.environ.get("LOCALCHAT_URL")
    if not url:
        pytest.skip("LOCALCHAT_URL names no running service")
    with httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def data() -> Path:
    if not DATA.is_dir():
        pytest.skip(f"no evaluation data at {DATA.name}")
    return DATA


def search(
    service: httpx.Client, query: str, collection: str, top_k: int = 5, **more: object
) -> list[dict[str, object]]:
    asked = {"query": query, "collection": collection, "top_k": top_k, "cache": "bypass", **more}
    answer = service.post("/api/search", json=asked)
    answer.raise_for_status()
    results: list[dict[str, object]] = answer.json()["results"]
    return results


def documents(service: httpx.Client, collection: str) -> dict[str, dict[str, object]]:
    """Every document of a collection, by filename."""
    found: dict[str, dict[str, object]] = {}
    cursor: str | None = None
    while True:
        params: dict[str, str | int] = {"collection": collection, "limit": 200}
        if cursor is not None:
            params["cursor"] = cursor
        page = service.get("/api/documents", params=params).raise_for_status().json()
        found.update({item["filename"]: item for item in page["items"]})
        cursor = page["next_cursor"]
        if cursor is None:
            return found
