"""What tests of a running service ask it."""

import httpx


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
