"""Every route with every kind of key: it is refused without the scope that OpenAPI states, and only then."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from app.api.scopes import required_scope
from app.domain.access.caller import AccessScope, with_included
from app.lifespan import api_lifespan
from app.main import create_app
from tests.support.api import Fakes, client_of, settings_of
from tests.support.fakes.access import KEYS, NARROW_KEY

# The routes that ask for no key. Whatever else is added has to state a scope.
OPEN = {
    "/",
    "/assets/{name}",
    "/docs",
    "/docs/assets",
    "/health/deep",
    "/health/live",
    "/health/ready",
    "/health/startup",
    "/metrics",
    "/openapi.json",
}


class Ids(dict[str, object]):
    """What paths name; an id that is not there for any other parameter."""

    def __missing__(self, _name: str) -> UUID:
        return UUID(int=1)


IDS = Ids(conversation_id=UUID(int=5), key="c" * 64, name="default", model="localchat")
# Operations that are about no collection, or about one that their body names.
NO_COLLECTION = {
    "createCollection",
    "createEmbeddings",
    "createKey",
    "createOllamaEmbeddings",
    "getOllama",
    "getOllamaVersion",
    "giveFeedback",
    "listModels",
    "listOllamaModels",
    "listOllamaRunningModels",
    "listOpenAIModels",
    "uploadDocuments",
}
# Bodies that name a collection.
ABOUT_THE_DEFAULT = {
    "search": {"query": "x", "collection": "default"},
    "chat": {"question": "x", "collection": "default"},
    "showOllamaModel": {"model": "localchat/default"},
    "createOllamaChat": {"model": "localchat/default", "messages": [{"role": "user", "content": "x"}]},
    "createOllamaCompletion": {"model": "localchat/default", "prompt": "x"},
    "createResponse": {"model": "localchat/default", "input": "x"},
    "createChatCompletion": {"model": "localchat/default", "messages": [{"role": "user", "content": "x"}]},
}


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(settings_of(auth_mode="api_key"), lifespan=api_lifespan)


@pytest.fixture(scope="module")
def schema(app: FastAPI) -> Mapping[str, Any]:
    return app.openapi()


def operations(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def address(path: str) -> str:
    return path.format_map(IDS)


def test_a_route_that_states_no_scope_is_one_of_those_that_ask_for_none(
    app: FastAPI, schema: Mapping[str, Any]
) -> None:
    routes = [found for each in app.router.routes for found in getattr(each, "original_router", app.router).routes]
    paths = {getattr(route, "path", "").replace(":path", "") for route in routes} - {""}
    assert schema["paths"].keys() <= paths
    assert {path for path in paths if required_scope("GET", path) is None} == OPEN


def test_each_protected_operation_states_its_scope(schema: Mapping[str, Any]) -> None:
    stated = [(path, each.get("x-required-scope")) for _, path, each in operations(schema) if path not in OPEN]
    assert {scope for _, scope in stated} == set(AccessScope)
    for _, path, operation in operations(schema):
        if path in OPEN:
            assert "security" not in operation
        else:
            scope = operation["x-required-scope"]
            assert operation["security"] == [{"bearer": [scope]}, {"key": [scope]}]
            assert {"401", "403"} <= operation["responses"].keys()


async def ask(client: httpx.AsyncClient, method: str, path: str, key: str | None) -> httpx.Response:
    headers = {"x-api-key": key} if key else {}
    return await client.request(method, address(path), headers=headers)


async def test_every_operation_is_refused_without_a_key(schema: Mapping[str, Any]) -> None:
    async with client_of(Fakes(), auth_mode="api_key") as client:
        for method, path, operation in operations(schema):
            if "x-required-scope" not in operation:
                continue
            for key in (None, "lc_unknown", "another's"):
                response = await ask(client, method, path, key)
                assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer"), (
                    method,
                    path,
                )


@pytest.mark.parametrize("scope", list(AccessScope))
async def test_every_operation_is_open_to_the_scopes_that_include_its_own(
    schema: Mapping[str, Any], scope: AccessScope
) -> None:
    async with client_of(Fakes(), auth_mode="api_key") as client:
        for method, path, operation in operations(schema):
            if "x-required-scope" not in operation:
                continue
            response = await ask(client, method, path, KEYS[scope])
            granted = operation["x-required-scope"] in with_included({scope})
            assert (response.status_code not in {401, 403}) is granted, (method, path, response.status_code)
            if not granted:
                assert response.json()["detail"].endswith(f"the scope {operation['x-required-scope']}.")


async def test_nothing_of_a_collection_beyond_its_reach_is_there_for_a_key(schema: Mapping[str, Any]) -> None:
    fakes = Fakes()
    async with client_of(fakes, auth_mode="api_key") as client:
        files = {"files": ("a.txt", b"secret")}
        writing = {"x-api-key": KEYS[AccessScope.WRITE]}
        stored = (await client.post("/api/documents", files=files, headers=writing)).json()["items"][0]["id"]
        for method, path, operation in operations(schema):
            allowed = operation.get("x-required-scope") in {AccessScope.READ, AccessScope.WRITE}
            if not allowed or operation["operationId"] in NO_COLLECTION:
                continue
            response = await client.request(
                method,
                path.format_map(Ids(IDS, document_id=stored)),
                headers={"x-api-key": NARROW_KEY},
                json=ABOUT_THE_DEFAULT.get(operation["operationId"]),
                files={"file": ("a.txt", b"mine")} if operation["operationId"] == "replaceDocument" else None,
            )
            if response.status_code == 200:
                assert response.json()["items"] == [], (method, path)
            else:
                assert response.status_code == 404, (method, path, response.text)
    assert fakes.documents.found[UUID(stored)].filename == "a.txt"


async def test_a_key_cannot_write_into_a_collection_beyond_its_reach() -> None:
    async with client_of(Fakes(), auth_mode="api_key") as client:
        narrow = {"x-api-key": NARROW_KEY}
        for collection, status in (("default", 404), ("team-a", 202)):
            sent = {"files": ("a.txt", b"hello")}
            response = await client.post(
                "/api/documents", files=sent, data={"collection": collection}, headers=narrow
            )
            assert response.status_code == status
        for name, status in (("other", 404), ("team-b", 201)):
            assert (
                await client.post("/api/collections", json={"name": name}, headers=narrow)
            ).status_code == status
        moved = await client.patch("/api/collections/team-b", json={"name": "other"}, headers=narrow)
        assert moved.status_code == 404
        names = [model["id"] for model in (await client.get("/v1/models", headers=narrow)).json()["data"]]
        assert "localchat/default" not in names


async def test_a_proxys_token_beside_a_key_is_no_hindrance() -> None:
    async with client_of(Fakes(), auth_mode="api_key") as client:
        headers = {"x-api-key": KEYS[AccessScope.READ], "authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}
        assert (await client.get("/api/collections", headers=headers)).status_code == 200


async def test_an_admin_says_who_reads_and_writes_a_collection() -> None:
    async with client_of(Fakes(), auth_mode="api_key") as client:
        headers = {"x-api-key": KEYS[AccessScope.ADMIN]}
        body: dict[str, Any] = {"readers": ["team-a", "key:wiki-bot"], "writers": []}
        opened = await client.put("/api/collections/default/access", json=body, headers=headers)
        assert opened.status_code == 200
        assert {name: opened.json()[name] for name in body} == body
        body = {"readers": None, "writers": None}
        await client.put("/api/collections/default/access", json=body, headers=headers)
        shown = (await client.get("/api/collections/default", headers=headers)).json()
        assert {name: shown[name] for name in body} == body
