"""JSON Schema that a reply has to fit, as callers send it."""

from collections.abc import Mapping
from typing import Any, NoReturn

import jsonschema_rs
import orjson

from app.errors import InvalidInput, ModelProtocolError


class ReplySchema:
    """Checks whole replies against a caller's JSON Schema; `{}` asks for any JSON object.

    Nothing that it refers to is fetched, and its patterns are matched in linear time.

    Raises:
        InvalidInput: it is no JSON Schema, or refers to one elsewhere.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        try:
            self._validator = jsonschema_rs.validator_for(
                dict(schema) or {"type": "object"},
                retriever=_refuse,
                pattern_options=jsonschema_rs.RegexOptions(),
            )
        except jsonschema_rs.ValidationError as error:
            raise InvalidInput(f"The schema of the reply is no JSON Schema: {error.message}.") from None

    def check(self, reply: str) -> None:
        """
        Raises:
            ModelProtocolError: the reply is not JSON, or does not fit.
        """
        try:
            value = orjson.loads(reply)
        except orjson.JSONDecodeError:
            raise ModelProtocolError("The model's reply is not JSON; perhaps it was cut.") from None
        error = next(self._validator.iter_errors(value), None)
        if error is not None:
            place = ".".join(map(str, error.instance_path)) or "its root"
            raise ModelProtocolError(f"The model's reply does not fit the schema at {place}.")


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"schemas elsewhere are not fetched: {uri}")
