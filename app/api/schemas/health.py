"""Health as probes and people see it."""

from datetime import datetime
from typing import Literal

from pydantic import ConfigDict, Field

from app.api.schemas.common import View


class CheckView(View):
    status: Literal["pass", "warn", "fail"]
    latency_ms: float
    detail: str | None


class HealthView(View):
    """`warn`: an optional dependency is missing."""

    status: Literal["pass", "warn", "fail"] = Field(examples=["pass"])
    checks: dict[str, CheckView]


class ComponentView(View):
    """`componentId` tells apart components of one name. `latency_ms` is the duration of the check.

    What there is nothing to say about is left out.
    """

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    status: Literal["pass", "warn", "fail"]
    latency_ms: float
    detail: str | None = None
    componentType: Literal["datastore", "component", "system"]  # noqa: N815 - the format's own spelling
    componentId: str | None = None  # noqa: N815
    observedValue: float | None = None  # noqa: N815
    observedUnit: str | None = None  # noqa: N815
    time: datetime


class DeepHealthView(View):
    """The format of draft-inadarei-api-health-check-06, with the duration of each check."""

    status: Literal["pass", "warn", "fail"] = Field(examples=["pass"])
    releaseId: str  # noqa: N815
    description: str
    checks: dict[str, list[ComponentView]]
