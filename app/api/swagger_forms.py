"""Says what Swagger UI makes its forms of in words that it understands: examples to send, files to choose."""

from typing import Any

# Ids of a shape that is accepted. Nothing has them, so that no example changes a thing.
_IDS = {
    "document_id": "01a20d63-56f8-7f51-837e-4a216dcd611c",
    "conversation_id": "01a20d63-57c0-7d0e-9c1b-0c4c1f7a2b11",
    "query_id": "01a20d63-57c4-7a31-8f0e-5b1d2c3e4f50",
    "key_id": "01a20d63-5a02-7b6c-9d1e-3f4a5b6c7d8e",
    "example": 7,
}

_QUESTION = "How many days of leave are there?"
_MESSAGES = [{"role": "user", "content": _QUESTION}]
# Bodies to send, by the model that reads them.
_BODIES: dict[str, Any] = {
    "ChatRequest": {"question": _QUESTION, "collection": "default"},
    "SearchRequest": {"query": _QUESTION, "collection": "default", "top_k": 5},
    "CompletionRequest": {"model": "localchat", "messages": _MESSAGES},
    "EmbeddingsRequest": {"model": "all-minilm", "input": _QUESTION},
    "OllamaChatRequest": {"model": "localchat", "messages": _MESSAGES, "stream": False},
    "OllamaGenerateRequest": {"model": "localchat", "prompt": _QUESTION, "stream": False},
    "OllamaEmbedRequest": {"model": "all-minilm", "input": _QUESTION},
    "ExperimentStart": {
        "name": "more-passages",
        "collection": "default",
        "variants": [{"name": "as-it-is"}, {"name": "ten-passages", "settings": {"top_k": 10}}],
    },
    "ConversationBranch": {"title": "Leave, asked otherwise"},
    "KeyChange": {"label": "The laptop at the reception"},
    "CollectionCreation": {
        "name": "handbooks",
        "description": "The handbooks of all departments",
        "language": "english",
    },
    "CollectionChange": {
        "description": "The handbooks of all departments",
        "settings": {"cache": {"ttl": 3600}, "retrieval": {"lexical_weight": 0.3}},
    },
    "ReindexRequest": {"embedding_model": "bge-small-en-v1.5"},
}


def let_forms_work(schema: dict[str, Any]) -> None:
    """Change an OpenAPI document so that every form can be sent as it is offered."""
    components = schema["components"]["schemas"]
    for name in _BODIES.keys() & components.keys():
        components[name]["examples"] = [_BODIES[name]]
    for name, component in components.items():
        if name.startswith("Body_"):
            fields = component["properties"]
            # A second name for a field would be a second field to fill in.
            shown = {field: part for field, part in fields.items() if not part.get("deprecated")}
            component["properties"] = {field: _form_field(part, components) for field, part in shown.items()}
    for operations in schema["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                _offer(parameter)


def _offer(parameter: dict[str, Any]) -> None:
    examples = parameter["schema"].get("examples")
    if parameter["in"] == "path" and parameter["name"] in _IDS:
        parameter["example"] = _IDS[parameter["name"]]
    elif parameter.get("required") and examples:
        parameter["example"] = examples[0]


def _form_field(field: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """A field of a form as forms are made of it: a file to choose, a line to write in, and nothing that is null.

    Values to choose from stand in the field itself: of a reference, Swagger UI sends no value.
    """
    if "$ref" in field:
        named = components[field["$ref"].rpartition("/")[2]]
        field = {**named, **{name: part for name, part in field.items() if name != "$ref"}}
    kinds = [kind for kind in field.get("anyOf", ()) if kind.get("type") != "null"]
    rest = {
        name: part for name, part in field.items() if name not in {"anyOf", "contentMediaType", "contentSchema"}
    }
    if kinds:
        return {**_form_field(kinds[0], components), **rest}
    if "items" in field:
        return {**rest, "items": _form_field(field["items"], components)}
    return {**rest, "format": "binary"} if field.get("contentMediaType") == "application/octet-stream" else rest
