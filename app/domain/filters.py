"""Filters over documents: which ones a search may look into.

A filter is JSON: conditions `{"field": "year", "gte": 2023}`, joined by `all`, `any` and `not`, or the short form
`{"year": 2023, "kind": {"in": ["manual"]}}`, whose pairs must all hold. A field is one of the document's own
(`DOCUMENT_FIELDS`), one of its passages' (`CHUNK_FIELDS`), or a key of its metadata, a dot between nested ones.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

DOCUMENT_FIELDS = ("id", "filename", "media_type", "created_at")
# Of passages: one that goes over two pages is on both.
CHUNK_FIELDS = ("page",)
OPERATORS = ("eq", "ne", "in", "nin", "gt", "gte", "lt", "lte", "exists", "contains")
_LISTS = frozenset({"in", "nin"})
_ORDERED = frozenset({"gt", "gte", "lt", "lte"})
_JOINTS: tuple[Literal["all", "any"], ...] = ("all", "any")
_DEEPEST = 8
_MOST_CONDITIONS = 200

Scalar = str | int | float | bool | None


class MalformedFilter(ValueError):
    """A filter that is not understood; the message names the part at fault."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. `path` is the field's name split at dots; `value` is a list for `in` and `nin`."""

    path: tuple[str, ...]
    operator: str
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Joint:
    """Conditions of which all or any must hold, or the first must not."""

    kind: Literal["all", "any", "not"]
    parts: tuple["Expression", ...]


Expression = Condition | Joint


def parse_filter(raw: Mapping[str, Any]) -> Joint:
    """Read a filter; an empty one holds for every document.

    Raises:
        MalformedFilter: an operator or a value that is not understood, or too many of them.
    """
    parsed = _parse(raw, 0)
    if _count(parsed) > _MOST_CONDITIONS:
        raise MalformedFilter(f"filter: at most {_MOST_CONDITIONS} conditions can be given.")
    return parsed


def of_documents(expression: Expression, *, holds: bool = True) -> Expression:
    """What a document must fulfil so that some passage of it may pass: conditions on passages are taken to hold."""
    if isinstance(expression, Condition):
        if len(expression.path) > 1 or expression.path[0] not in CHUNK_FIELDS:
            return expression
        return Joint("all" if holds else "any", ())
    inner = holds is not (expression.kind == "not")
    return Joint(expression.kind, tuple(of_documents(part, holds=inner) for part in expression.parts))


def with_documents(raw: Mapping[str, Any], documents: Sequence[str]) -> dict[str, Any]:
    """Narrow the filter to documents with one of these ids or names, in which `*` stands for anything."""
    if not documents:
        return dict(raw)
    named = {"any": [{"field": "id", "in": list(documents)}, *({"field": "filename", "eq": n} for n in documents)]}
    return {"all": [dict(raw), named]} if raw else named


def _parse(raw: Any, depth: int) -> Joint:
    if not isinstance(raw, Mapping):
        raise MalformedFilter("filter: each part must be an object.")
    if depth > _DEEPEST:
        raise MalformedFilter("filter: it is nested too deeply.")
    parts: list[Expression] = []
    rest = dict(raw)
    for kind in _JOINTS:
        if kind in rest and isinstance(rest[kind], list):
            within = rest.pop(kind)
            parts.append(Joint(kind, tuple(_parse(part, depth + 1) for part in within)))
    if isinstance(rest.get("not"), Mapping):
        parts.append(Joint("not", (_parse(rest.pop("not"), depth + 1),)))
    if "field" in rest and isinstance(rest["field"], str) and len(rest) > 1:
        field = rest.pop("field")
        return Joint("all", (*parts, *(_condition(_path(field), name, value) for name, value in rest.items())))
    for field, value in rest.items():
        parts += _short(field, value)
    return Joint("all", tuple(parts))


def _short(field: str, value: Any) -> list[Expression]:
    path = _path(field) if field in (*DOCUMENT_FIELDS, *CHUNK_FIELDS) else tuple(field.split("."))
    if isinstance(value, Mapping):
        if not value:
            raise MalformedFilter(f"filter: {field} needs an operator: {', '.join(OPERATORS)}.")
        return [_condition(path, operator, operand) for operator, operand in value.items()]
    if isinstance(value, list):
        return [_condition(path, "contains", item) for item in value]
    return [_condition(path, "eq", value)]


def _path(field: str) -> tuple[str, ...]:
    path = tuple(field.split("."))
    if not all(path):
        raise MalformedFilter(f"filter: {field!r} is no name of a field.")
    return path


def _condition(path: tuple[str, ...], operator: str, value: Any) -> Condition:
    name = ".".join(path)
    if operator not in OPERATORS:
        raise MalformedFilter(f"filter: {operator!r} on {name} is no operator: {', '.join(OPERATORS)}.")
    if operator in _LISTS:
        if not isinstance(value, list) or not all(map(_is_scalar, value)):
            raise MalformedFilter(f"filter: {operator} on {name} needs a list of strings, numbers or booleans.")
        return Condition(path, operator, tuple(value))
    if operator == "exists" and not isinstance(value, bool):
        raise MalformedFilter(f"filter: exists on {name} needs true or false.")
    if operator in _ORDERED and (not isinstance(value, str | int | float) or isinstance(value, bool)):
        raise MalformedFilter(f"filter: {operator} on {name} needs a number or a string, such as a date.")
    if not _is_scalar(value):
        raise MalformedFilter(f"filter: {operator} on {name} needs a string, a number, a boolean or null.")
    return Condition(path, operator, value)


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _count(expression: Expression) -> int:
    if isinstance(expression, Condition):
        return len(expression.value) if isinstance(expression.value, tuple) else 1
    return sum(map(_count, expression.parts))
