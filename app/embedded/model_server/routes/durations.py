"""Times as Ollama writes them, and how long a model stays in memory."""

import math
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator

FOREVER = math.inf
DEFAULT_KEEP_ALIVE = 300.0
# Go's longest duration, 2**63 - 1 nanoseconds: the expiry that Ollama shows for a model kept forever.
_LONGEST = timedelta(days=106_751)

# Seconds to keep the model after the request: negative for ever, 0 to unload.
KeepAlive = Annotated[float, AfterValidator(lambda seconds: FOREVER if seconds < 0 else seconds)]


def timestamp(moment: datetime | None = None) -> str:
    """RFC 3339 in UTC; now, when no moment is given."""
    return (moment or datetime.now(UTC)).isoformat().replace("+00:00", "Z")


def expiry(seconds: float) -> datetime:
    """The moment this many seconds from now, at most Go's longest duration away."""
    return datetime.now(UTC) + (_LONGEST if seconds == FOREVER else timedelta(seconds=seconds))
