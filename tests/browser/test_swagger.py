"""Swagger UI works as it is offered: Execute gives an answer, not a refusal of the example."""

from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Locator, Page, expect

from tests.support.browser.chromium import new_tab
from tests.support.browser.service import Service

FILE = b"Every employee has 29 days of annual leave.\n"
# What an example may lead to: it is understood, but what it names may not be there.
UNDERSTOOD = {200, 201, 202, 204, 404, 409}
# These do what they say.
DONE = {
    "POST /api/documents": 202,
    "POST /api/collections": 201,
    "POST /api/search": 200,
    "POST /api/chat": 200,
    "POST /v1/chat/completions": 200,
    "POST /v1/embeddings": 200,
}
UUID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"


def operation(page: Page, method: str, path: str) -> Locator:
    shown = page.locator(f".opblock-{method.lower()}").filter(
        has=page.locator(f'.opblock-summary-path[data-path="{path}"]')
    )
    expect(shown).to_have_count(1)
    return shown


def execute(shown: Locator, *, answered: str) -> None:
    """Press Execute with what is offered; a file is chosen where there is a picker."""
    shown.locator(".opblock-summary-control").click()
    body = shown.locator(".opblock-body")
    expect(body.locator("button.execute")).to_be_visible()
    picker = body.locator("input[type=file]")
    if picker.count():
        file = FilePayload(name="handbook.txt", mimeType="text/plain", buffer=FILE)
        picker.first.set_input_files(file)
    body.locator("button.execute").click()
    status = body.locator(".live-responses-table tr.response td.response-col_status").first
    expect(status).to_contain_text(answered)
    shown.locator(".opblock-summary-control").click()


def test_who_signs_in_uploads_a_file_in_swagger_ui(guarded: Service, browser: Browser) -> None:
    with new_tab(browser) as tab:
        page = tab.page
        page.goto(f"{guarded.url}docs")
        page.get_by_role("button", name="Authorize").first.click()
        dialog = page.locator(".modal-ux")
        bearer = dialog.locator("form").filter(has_text="Bearer")
        bearer.locator("input").first.fill(guarded.new_key("swagger-ui"))
        bearer.get_by_role("button", name="Apply credentials").click()
        dialog.get_by_role("button", name="Close", exact=True).first.click()
        execute(operation(page, "post", "/api/documents"), answered="202")


def test_every_example_is_accepted(guarded: Service) -> None:
    # The examples also delete: the key opens a tenant in which there is nothing else.
    statuses: dict[str, int] = {}
    with guarded.client(Authorization=f"Bearer {guarded.new_key('examples')}") as client:
        document = client.get("/openapi.json").json()
        for path, operations in document["paths"].items():
            for method, described in operations.items():
                request = Offer(document).request(path, described)
                statuses[f"{method.upper()} {path}"] = client.request(method, **request).status_code
    assert {name: status for name, status in statuses.items() if status not in UNDERSTOOD} == {}
    assert {name: statuses[name] for name in DONE} == DONE


class Offer:
    """What Swagger UI fills its forms with."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._schemas = document["components"]["schemas"]

    def request(self, path: str, described: Mapping[str, Any]) -> dict[str, Any]:
        offered = {item["name"]: item for item in described.get("parameters", ()) if item.get("required")}
        values = {name: item.get("example", self.sample(item["schema"])) for name, item in offered.items()}
        within = {name: value for name, value in values.items() if offered[name]["in"] == "path"}
        request: dict[str, Any] = {
            "url": path.format(**within),
            "params": {name: value for name, value in values.items() if offered[name]["in"] == "query"},
        }
        content = described.get("requestBody", {}).get("content", {})
        for media_type, body in content.items():
            if media_type == "multipart/form-data":
                request["files"] = {self._picker(body["schema"]): ("handbook.txt", FILE, "text/plain")}
            else:
                request["json"] = self.sample(body["schema"])
        return request

    def _picker(self, schema: Mapping[str, Any]) -> str:
        """The field of a form that takes a file."""
        for name, field in self._resolved(schema)["properties"].items():
            if field.get("items", field).get("format") == "binary":
                return str(name)
        pytest.fail("the form takes no file")

    def sample(self, schema: Mapping[str, Any]) -> Any:
        """An example, if there is one, else something of the right type."""
        schema = self._resolved(schema)
        for name in ("examples", "enum"):
            if schema.get(name):
                return schema[name][0]
        for name in ("anyOf", "oneOf"):
            if schema.get(name):
                return self.sample(schema[name][0])
        return schema.get("default", schema.get("const", self._of_type(schema)))

    def _of_type(self, schema: Mapping[str, Any]) -> Any:
        match schema.get("type"):
            case "object":
                return {name: self.sample(field) for name, field in schema.get("properties", {}).items()}
            case "array":
                return [self.sample(schema["items"])]
            case "integer" | "number":
                return schema.get("minimum", 0)
            case "boolean":
                return True
            case _:
                return UUID if schema.get("format") == "uuid" else "string"

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        reference = schema.get("$ref")
        return self._resolved(self._schemas[reference.rpartition("/")[2]]) if reference else schema
