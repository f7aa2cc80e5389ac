"""The parts of the OpenAPI document that no route declares: problems, tags, keys and events."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from app.api.problems import MEDIA_TYPE, Problem
from app.api.schemas.events import STREAMS
from app.api.schemas.health import DeepHealthView
from app.api.scopes import required_scope
from app.api.swagger_forms import let_forms_work

Responses = dict[int | str, dict[str, Any]]

_REF = "#/components/schemas/{model}"


TAGS = [
    {"name": "documents", "description": "Upload documents, follow their ingestion, read and remove them."},
    {"name": "collections", "description": "Sets of documents that share an embedding model."},
    {"name": "answers", "description": "Search passages and ask questions."},
    {"name": "conversations", "description": "Questions and answers that belong together."},
    {"name": "evaluations", "description": "Ask what you know the answer of, and see what comes."},
    {"name": "experiments", "description": "Answer in several ways, and compare the results."},
    {"name": "keys", "description": "Who may do what."},
    {"name": "cache", "description": "Inspect the cache, and change its contents by hand."},
    {"name": "models", "description": "The models at hand."},
    {"name": "openai", "description": "The same answers for OpenAI's clients."},
    {"name": "ollama", "description": "The same answers for Ollama's clients."},
    {"name": "analytics", "description": "How well the cache and the database do."},
    {"name": "operations", "description": "Probes and metrics."},
]

DESCRIPTION = """Cited answers from your own documents, on models that run on your own machines.

Every error is an RFC 9457 problem. Every response carries `X-Request-ID`. Lists are `{items, next_cursor}`.
`x-required-scope` of an operation is the scope that a key needs for it."""


ETAG = {"ETag": {"description": "Strong validator", "schema": {"type": "string"}}}
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Not modified", "headers": ETAG}}


def problems(*statuses: int) -> Responses:
    """Return the error responses of an operation."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}},
        }
        for status in statuses
    }


def event_stream(stream: str, example: str) -> dict[str, Any]:
    """The content of a response that is one of `STREAMS`, server-sent events each of that shape (OpenAPI 3.2)."""
    return {"text/event-stream": {"itemSchema": {"$ref": _REF.format(model=stream)}, "example": example}}


def describe(app: FastAPI, *, auth: str) -> None:
    """Complete the schema that FastAPI makes of `app`, when it is first asked for."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = generate()
            schema.setdefault("components", {}).setdefault("schemas", {}).update(_components())
            let_forms_work(schema)
            _state_scopes(schema, authenticated=auth != "none")
        return generate()

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way to extend the schema


def _components() -> dict[str, Any]:
    """Schemas that no route declares as its model: those of other media types, and the events of streams."""
    kinds = {(stream, event): data for stream, events in STREAMS.items() for event, data in events.items()}
    adapters: list[Any] = [(key, "serialization", TypeAdapter(data)) for key, data in kinds.items()]
    adapters += [(model, "serialization", TypeAdapter(model)) for model in (Problem, DeepHealthView)]
    schemas, definitions = TypeAdapter.json_schemas(adapters, ref_template=_REF)
    components: dict[str, Any] = definitions["$defs"]
    for stream, events in STREAMS.items():
        components[stream] = {"oneOf": [_event(name, schemas[(stream, name), "serialization"]) for name in events]}
    return components


def _event(name: str, data: dict[str, Any]) -> dict[str, Any]:
    """The shape of one event; a stream whose events have no name sends data alone, not all of it JSON."""
    media = {"contentMediaType": "application/json"} if name else {}
    content = {"type": "string", **media, "contentSchema": data}
    properties = {**({"event": {"const": name}} if name else {}), "data": content}
    return {"type": "object", "required": list(properties), "properties": properties}


def _state_scopes(schema: dict[str, Any], *, authenticated: bool) -> None:
    """State the scope of each operation, and the refusal of those who lack it."""
    if authenticated:
        schema["components"]["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            scope = required_scope(method.upper(), path)
            if scope is None:
                continue
            operation["x-required-scope"] = scope
            for status, refusal in problems(401, 403, 429).items():
                operation["responses"].setdefault(str(status), refusal)
            if authenticated:
                operation["security"] = [{"bearer": [scope]}, {"key": [scope]}]
