"""What a conversation longer than the embedded model's context loses."""

import pytest

from app.embedded.model_server.models.generation import schema_of, shorter
from app.embedded.model_server.routes.errors import OllamaError
from app.embedded.model_server.routes.requests import NativeMessage

SYSTEM = NativeMessage(role="system", content="Be brief.")
OLD = NativeMessage(role="user", content="old")
REPLY = NativeMessage(role="assistant", content="reply")
LAST = NativeMessage(role="user", content="0123456789")


def test_the_oldest_message_that_is_not_the_systems_goes_first() -> None:
    once = shorter([SYSTEM, OLD, REPLY, LAST], tokens=20, context=10)
    assert once == [SYSTEM, REPLY, LAST]
    assert shorter(once, tokens=15, context=10) == [SYSTEM, LAST]


def test_the_last_message_alone_keeps_its_end() -> None:
    kept = shorter([SYSTEM, LAST], tokens=20, context=10)
    assert kept[0] == SYSTEM
    assert LAST.content.endswith(kept[1].content)
    assert 0 < len(kept[1].content) <= 5


def test_nothing_left_to_leave_out_is_an_error() -> None:
    with pytest.raises(OllamaError, match="exceeds the context length"):
        shorter([NativeMessage(role="user", content="x")], tokens=100, context=10)


def test_a_format_is_json_or_a_schema_or_nothing() -> None:
    assert schema_of(None) is None
    assert schema_of("") is None
    assert schema_of("json") == {}
    assert schema_of({"type": "object"}) == {"type": "object"}
    with pytest.raises(OllamaError, match="invalid format"):
        schema_of("yaml")
