"""Health as probes and people see it."""

from typing import Literal

from pydantic import Field

from app.api.schemas.common import View


class CheckView(View):
    status: Literal["pass", "warn", "fail"]
    latency_ms: float
    detail: str | None


class HealthView(View):
    """`warn`: something optional is missing."""

    status: Literal["pass", "warn", "fail"] = Field(examples=["pass"])
    checks: dict[str, CheckView]
