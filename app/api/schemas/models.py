"""Models as clients see them."""

from typing import Literal

from pydantic import Field

from app.api.schemas.common import RequestModel, SpeltModelName, View


class ModelView(View):
    name: str = Field(examples=["smollm2:135m"])
    digest: str | None
    size_bytes: int | None
    roles: list[Literal["chat", "embedding"]]
    default_for: list[Literal["chat", "embedding"]] = Field(
        description="Roles in which it is used when a request names no model"
    )
    state: Literal["loaded", "available", "missing"]


class ModelsView(View):
    items: list[ModelView]
    next_cursor: None = None


class PullRequest(RequestModel):
    model: SpeltModelName  # as a registry spells it, which may tell cases apart
