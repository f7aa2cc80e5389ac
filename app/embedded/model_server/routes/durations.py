"""Go's durations and times, in which Ollama speaks."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator

FOREVER = math.inf
DEFAULT_KEEP_ALIVE = 300.0
# Go's longest duration, 2**63 - 1 nanoseconds: the expiry that Ollama shows for a model kept forever.
_LONGEST = timedelta(days=106_751)
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")


def parse_duration(text: str) -> float:
    """Seconds of a Go duration such as `5m`, `1h30m`, `-1s` or `0`.

    Raises:
        ValueError: worded as Go words it.
    """
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    if digits == "0":
        return 0.0
    parts = list(_PART.finditer(digits))
    if parts and "".join(part.group() for part in parts) == digits:
        return sign * sum(float(part[1]) * _UNITS[part[2]] for part in parts)
    if re.fullmatch(r"\d+(\.\d*)?", digits):
        raise ValueError(f'time: missing unit in duration "{text}"')
    raise ValueError(f'time: invalid duration "{text}"')


def _keep_alive(value: Any) -> float:
    if isinstance(value, str):
        value = parse_duration(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"time: invalid duration {value!r}")  # noqa: TRY004  pydantic reports ValueErrors
    return FOREVER if value < 0 else float(value)


# Seconds to keep the model after the request: a number, a Go duration, negative for ever, 0 to unload.
KeepAlive = Annotated[float, BeforeValidator(_keep_alive)]


def timestamp(moment: datetime | None = None) -> str:
    """RFC 3339 in UTC; now, when no moment is given."""
    return (moment or datetime.now(UTC)).isoformat().replace("+00:00", "Z")


def expiry(seconds: float) -> datetime:
    """The moment this many seconds from now, at most Go's longest duration away."""
    return datetime.now(UTC) + (_LONGEST if seconds == FOREVER else timedelta(seconds=seconds))
