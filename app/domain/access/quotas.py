"""How much a caller may ask for: by key, and by tenant."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

_QUOTA = re.compile(r"(\d+)([kMG]?)(?:/(second|minute|hour|day))?")
_MULTIPLES = {"": 1, "k": 1_000, "M": 1_000_000, "G": 1_000_000_000}
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}


class Measure(StrEnum):
    """What is counted. STREAMS are requests under way at once; TOKENS those that a model wrote and read."""

    REQUESTS = "requests"
    STREAMS = "streams"
    TOKENS = "tokens"
    UPLOAD_BYTES = "upload_bytes"
    DOCUMENTS = "documents"

    @property
    def words(self) -> str:
        return self.replace("_", " ")


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `amount` in `seconds`; for STREAMS `seconds` is 0: at once."""

    amount: int
    seconds: int = 0


Quotas = Mapping[Measure, Quota]


def parse_quotas(pairs: tuple[str, ...]) -> dict[Measure, Quota]:
    """Read `requests=600/minute`, `streams=8`, `tokens=2M/day` and such.

    Raises:
        ValueError: with what is wrong.
    """
    quotas: dict[Measure, Quota] = {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        found = _QUOTA.fullmatch(value.strip())
        if name.strip() not in set(Measure) or found is None or int(found[1]) == 0:
            raise ValueError(f"{pair!r} is not like requests=600/minute; the names are {', '.join(Measure)}")
        measure = Measure(name.strip())
        if (measure is Measure.STREAMS) != (found[3] is None):
            raise ValueError(f"{measure} is {'a number alone' if measure is Measure.STREAMS else 'so many a time'}")
        quotas[measure] = Quota(int(found[1]) * _MULTIPLES[found[2]], _SECONDS.get(found[3] or "", 0))
    return quotas
