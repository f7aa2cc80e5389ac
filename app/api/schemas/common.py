"""Types that several requests and responses share. Values that pass them can be stored and sent."""

import json
import math
from dataclasses import fields
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Json, StringConstraints

from app.domain.answers import AnswerStyle
from app.domain.filters import parse_filter, with_documents
from app.domain.names import canonical_model

AnswerMode = Literal["auto", "generate", "quote"]

T = TypeVar("T")

_MAX_DEPTH = 32
_INT64 = 2**63
MAX_METADATA_BYTES = 64 * 1024


def _storable(value: str) -> str:
    """Postgres stores no NUL, and UTF-8 has no lone surrogates."""
    if "\x00" in value:
        raise ValueError("must not contain NUL characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain lone surrogates") from None
    return value


def _storable_json(value: dict[str, Any]) -> dict[str, Any]:
    _check_json(value, 0)
    return value


def _small_json(value: dict[str, Any]) -> dict[str, Any]:
    """Lists of documents hold as much for each of their items."""
    if len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")) > MAX_METADATA_BYTES:
        raise ValueError(f"must not take more than {MAX_METADATA_BYTES} bytes")
    return value


def _check_json(value: Any, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise ValueError(f"must not be nested deeper than {_MAX_DEPTH} levels")
    match value:
        case str():
            _storable(value)
        case float() if not math.isfinite(value):
            raise ValueError("must not contain infinite numbers or NaN")
        case int() if not -_INT64 <= value < _INT64:
            raise ValueError("must not contain integers beyond 64 bits")
        case dict():
            for key, item in value.items():
                _storable(key)
                _check_json(item, depth + 1)
        case list():
            for item in value:
                _check_json(item, depth + 1)


Text = Annotated[str, AfterValidator(_storable)]
JsonObject = Annotated[dict[str, Any], AfterValidator(_storable_json)]
Metadata = Annotated[JsonObject, AfterValidator(_small_json)]
MetadataText = Annotated[
    Json[Metadata], Field(description="A JSON object of at most 64 KiB", examples=['{"year": 2026}'])
]
CollectionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
SpeltModelName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:-]{0,199}$"), Field(examples=["smollm2:135m"])
]
ModelName = Annotated[SpeltModelName, AfterValidator(canonical_model)]
Cursor = Annotated[Text, StringConstraints(min_length=1, max_length=512)]
UnreadParts = Annotated[
    str | None,
    Field(description="The places in the document's file that were not read", examples=["pages 2-5, notes.zip"]),
]
DocumentDate = Annotated[
    str | None,
    Field(
        description="ISO 8601: the date that the document's file states, else that of its upload",
        examples=["2026-03-01T09:30:00+00:00"],
    ),
]
Limit = Annotated[int, Field(ge=1, le=200)]


def shown_as(*examples: Any) -> ConfigDict:
    """The configuration of a model whose OpenAPI examples are whole objects."""
    return ConfigDict(json_schema_extra={"examples": list(examples)})


class RequestModel(BaseModel):
    """A body. An unknown field is refused, so that a misspelt one is not silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class View(BaseModel):
    """A representation made from a domain value."""

    # A field with a default is always sent, so generated clients may rely on it.
    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


class PageView(View, Generic[T]):
    items: list[T]
    next_cursor: str | None = Field(
        default=None, description="Pass it as `cursor` for the next page; null on the last page"
    )


def _understood(value: dict[str, Any]) -> dict[str, Any]:
    parse_filter(value)
    return value


FilterObject = Annotated[JsonObject, AfterValidator(_understood)]


class FilteredRequest(BaseModel):
    """A request that can be narrowed to some documents."""

    filter: FilterObject = Field(
        default_factory=dict,
        description=(
            'Where to look: `{"year": 2026}`, or conditions `{"field": "year", "gte": 2023}` joined '
            "by `all`, `any` and `not`. Operators: eq, ne, in, nin, gt, gte, lt, lte, exists, contains. Fields: "
            "id, filename (with `*`), media_type, created_at, page, and keys of the metadata, a dot between nested "
            "ones; `metadata.page` is a key of that name. "
            "Dates are compared as ISO 8601 text."
        ),
        examples=[{"year": 2026}, {"all": [{"field": "year", "gte": 2023}, {"not": {"kind": "draft"}}]}],
    )
    documents: list[Annotated[Text, StringConstraints(min_length=1, max_length=1024)]] = Field(
        default_factory=list,
        max_length=50,
        description="Look into these documents alone: ids or names, in which `*` stands for anything",
        examples=[["handbook.md", "report_*.pdf"]],
    )

    @property
    def wanted(self) -> dict[str, Any]:
        """The filter, narrowed to the named documents."""
        return with_documents(self.filter, self.documents)


def chosen(body: BaseModel) -> frozenset[str]:
    """The fields that the client chose itself."""
    return frozenset(name for name in body.model_fields_set if getattr(body, name) is not None)


class AnswerChoices(BaseModel):
    """How an answer is made: fields of a question, and for questions that leave them out, of its collection."""

    mode: AnswerMode | None = Field(
        default=None,
        description="`generate`: a chat model writes; `quote`: sentences of the passages, word for word; "
        "`auto`: the former if the model is worth asking. Not given: as the collection or the service has it",
    )
    length: Literal["brief", "normal", "detailed"] | None = Field(
        default=None, description="Of the answer; `normal` if not given. A `brief` quote is one sentence"
    )
    language: Text | None = Field(
        default=None,
        max_length=40,
        description="In which a model answers; that of the question if not given",
        examples=["German"],
    )
    tone: Text | None = Field(default=None, max_length=80, examples=["formal"])
    instruction: Text | None = Field(
        default=None,
        max_length=2000,
        description="What else a model should heed; added to the service's own instruction",
        examples=["Give prices with VAT."],
    )
    order: Literal["best_first", "best_last", "as_written"] | None = Field(
        default=None,
        description="Of the passages that a model reads: by relevance, or as they stand in their documents. "
        "Not given: as suits the model",
    )
    temperature: float | None = Field(
        default=None, ge=0, le=2, allow_inf_nan=False, description="0 if not given: the likeliest words"
    )
    max_tokens: int | None = Field(
        default=None,
        ge=1,
        le=32_768,
        description="Of a written answer; 512 if not given, 1536 for a `detailed` one",
    )
    thinking: bool | None = Field(
        default=None, description="A reasoning model may think before it answers, in up to 2048 tokens"
    )

    @property
    def style(self) -> AnswerStyle:
        names = {field.name for field in fields(AnswerStyle)}
        return AnswerStyle(**self.model_dump(include=names, exclude_none=True))


class AnswerSettings(AnswerChoices, RequestModel):
    """What a question of the collection leaves open. What is left out is as the service has it."""

    passages: int | None = Field(default=None, ge=1, le=50, description="To answer from; 5 if not given")
    max_context: int | None = Field(
        default=None,
        ge=512,
        le=1_048_576,
        description="Tokens of context that the chat model is loaded with, as far as it has them. "
        "Not given: `CHAT_MAX_CONTEXT`. A model server loads a model anew to change them",
    )
