"""Which documents a search may look into, as requests say it."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from app.api.schemas.common import JsonObject, Text
from app.domain.filters import parse_filter, with_documents


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
            "id, filename (with `*`), media_type, created_at, and keys of the metadata, a dot between nested ones. "
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
