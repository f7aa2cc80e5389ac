"""What OpenAPI says besides what the routes declare: problems, tags and keys."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Literal

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from app.api.problems import MEDIA_TYPE, FieldError, Problem

Responses = dict[int | str, dict[str, Any]]

_REF = "#/components/schemas/{model}"
_PROTECTED = ("/api/", "/v1/")

TAGS = [
    {"name": "documents", "description": "Put documents in, follow their ingestion, read and remove them."},
    {"name": "collections", "description": "Sets of documents that share an embedding model."},
    {"name": "answers", "description": "Search passages and ask questions."},
    {"name": "conversations", "description": "Questions and answers that belong together."},
    {"name": "experiments", "description": "Answer in several ways, and see which is better."},
    {"name": "cache", "description": "See what the cache does and holds, and change that by hand."},
    {"name": "models", "description": "The models at hand."},
    {"name": "openai", "description": "The same answers for OpenAI's clients."},
    {"name": "analytics", "description": "How well the cache and the database do."},
    {"name": "operations", "description": "Probes and metrics."},
]

DESCRIPTION = """Cited answers from your own documents, on models that run on your own machines.

Every error is an RFC 9457 problem. Every response carries `X-Request-ID`. Lists are `{items, next_cursor}`."""


def problems(*statuses: int) -> Responses:
    """The error responses of an operation."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}},
        }
        for status in statuses
    }


def event_stream(names: Sequence[str], example: str) -> dict[str, Any]:
    """The content of a response that is a stream of server-sent events, each of this shape."""
    event = {
        "type": "object",
        "required": ["event", "data"],
        "properties": {
            "event": {"enum": list(names)},
            "data": {"type": "string", "contentMediaType": "application/json"},
        },
    }
    return {"text/event-stream": {"schema": event, "example": example}}


def describe(app: FastAPI, *, auth: Literal["none", "api_key"]) -> None:
    """Complete the schema that FastAPI makes of `app`, when it is first asked for."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = generate()
            _, definitions = models_json_schema(
                [(Problem, "serialization"), (FieldError, "serialization")], ref_template=_REF
            )
            components = schema.setdefault("components", {})
            components.setdefault("schemas", {}).update(definitions["$defs"])
            if auth == "api_key":
                _ask_for_keys(schema)
        return generate()

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way to extend the schema


def _ask_for_keys(schema: dict[str, Any]) -> None:
    schema["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    for path, operations in schema["paths"].items():
        if path.startswith(_PROTECTED):
            for operation in operations.values():
                operation["security"] = [{"bearer": []}, {"key": []}]
