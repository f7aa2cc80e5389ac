"""Events as plain builtins, to be stored and replayed."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

from app.domain.answers import (
    EVENT_NAMES,
    Done,
    Event,
    Highlight,
    Highlights,
    LeftOut,
    Source,
    Sources,
    Start,
    Status,
    Usage,
)

_TYPES = {name: kind for kind, name in EVENT_NAMES.items()}


def event_to_dict(event: Event) -> dict[str, Any]:
    """The event's fields with its name under `event`; ids as strings."""
    return {"event": EVENT_NAMES[type(event)], **plain(asdict(event))}


def event_from_dict(stored: Mapping[str, Any]) -> Event:
    """The event that `event_to_dict` made this of.

    Raises:
        KeyError, TypeError, ValueError: it made no such thing.
    """
    fields = {name: value for name, value in stored.items() if name != "event"}
    kind = _TYPES[stored["event"]]
    if kind is Sources:
        return Sources(tuple(_source(item) for item in fields["items"]))
    if kind is Highlights:
        return Highlights(tuple(Highlight(**item) for item in fields["items"]))
    if kind is Start:
        conversation = fields["conversation_id"]
        fields["query_id"] = UUID(fields["query_id"])
        fields["conversation_id"] = UUID(conversation) if conversation else None
    elif kind in {Status, Usage} and fields["left_out"] is not None:
        fields["left_out"] = LeftOut(**fields["left_out"])
    elif kind is Done:
        fields["citations_used"] = tuple(fields["citations_used"])
    return kind(**fields)


def _source(item: Mapping[str, Any]) -> Source:
    return Source(**{**item, "document_id": UUID(item["document_id"])})


def plain(value: Any) -> Any:
    """Dataclass fields as JSON has them: ids as strings, tuples as lists."""
    match value:
        case UUID():
            return str(value)
        case Mapping():
            return {name: plain(item) for name, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return value
