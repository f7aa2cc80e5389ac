"""Filters as one SQL parameter: a jsonpath over `documents.attributes`, whose GIN index serves its equalities.

`attributes` holds the document's own fields, and its metadata under `metadata`. In jsonpath's lax mode a comparison
holds for an array if it holds for one of its items, and one between different types for none.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from app.domain.filters import (
    CHUNK_FIELDS,
    DOCUMENT_FIELDS,
    Condition,
    Expression,
    Joint,
    Scalar,
    of_documents,
    parse_filter,
)

_COMPARISONS = {"eq": "==", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_NOTHING, _EVERYTHING = "(1 == 0)", "(1 == 1)"


class Predicate(NamedTuple):
    """A filter as jsonpaths.

    Attributes:
        documents: over `documents.attributes`; a document that fails it has no passage that passes.
        chunks: over `chunk_attributes`, which are those of the document with the pages of the passage; None if the
            filter names no page.
    """

    documents: str
    chunks: str | None

    @property
    def parameters(self) -> list[str]:
        return [self.documents] if self.chunks is None else [self.documents, self.chunks]


def predicate_of(filter: Mapping[str, Any]) -> Predicate | None:  # noqa: A002 - the field's word
    """The filter in SQL; None if it is empty.

    Raises:
        MalformedFilter: the filter is not understood.
    """
    if not filter:
        return None
    parsed = parse_filter(filter)
    documents, exact = _written(of_documents(parsed)), _written(parsed)
    return Predicate(documents, None if documents == exact else exact)


def on_chunk(parameter: int) -> str:
    """The condition of `Predicate.chunks`, in a statement whose document is `d` and whose chunk is `c`."""
    return f"chunk_attributes(d.attributes, c.page, c.last_page) @@ ${parameter}::text::jsonpath"


def jsonpath_of(filter: Mapping[str, Any]) -> str:  # noqa: A002 - the field's word
    """The predicate for `attributes @@ $n::text::jsonpath`: which documents may hold a passage that passes.

    Raises:
        MalformedFilter: the filter is not understood.
    """
    return _written(of_documents(parse_filter(filter)))


def _written(expression: Expression) -> str:
    if isinstance(expression, Condition):
        return _condition(expression)
    if not expression.parts:
        return _NOTHING if expression.kind == "any" else _EVERYTHING
    parts = [_written(part) for part in expression.parts]
    if expression.kind == "not":
        return f"!({parts[0]})"
    return f"({(' && ' if expression.kind == 'all' else ' || ').join(parts)})"


def _condition(condition: Condition) -> str:
    path, operator, value = _path(condition.path), condition.operator, condition.value
    if isinstance(value, tuple):
        any_of = Joint("any", tuple(Condition(condition.path, "eq", item) for item in value))
        return _written(any_of) if operator == "in" else f"!{_written(any_of)}"
    if operator == "exists":
        return f"exists({path})" if value else f"!exists({path})"
    if operator == "contains":
        return f"({_where(path, f'@ == {_literal(value)}')} || {_where(path, _has(value))})"
    if operator == "ne":
        return f"!{_equal(condition.path, path, value)}"
    if operator == "eq":
        return _equal(condition.path, path, value)
    return _where(path, f"@ {_COMPARISONS[operator]} {_literal(value)}")


def _equal(name: tuple[str, ...], path: str, value: Scalar) -> str:
    if name == ("filename",) and isinstance(value, str) and "*" in value:
        pattern = ".*".join(map(re.escape, value.split("*")))
        return _where(path, f'@ like_regex {_literal(f"^{pattern}$")} flag "is"')
    return _where(path, f"@ == {_literal(value)}")


def _where(path: str, predicate: str) -> str:
    return f"exists({path} ? ({predicate}))"


def _has(value: Scalar) -> str:
    return f'@ like_regex {_literal(str(value))} flag "iq"' if isinstance(value, str) else "1 == 0"


def _path(names: tuple[str, ...]) -> str:
    if len(names) == 1 and names[0] in (*DOCUMENT_FIELDS, *CHUNK_FIELDS):
        return f"$.{names[0]}"
    names = names[1:] if len(names) > 1 and names[0] == "metadata" else names
    return "$.metadata" + "".join(f".{_literal(name)}" for name in names)


def _literal(value: Scalar) -> str:
    return json.dumps(value, ensure_ascii=False)
