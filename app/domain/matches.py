"""Hits by meaning, as they are written down when they are served and read when somebody judges them."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ServedMatch:
    """A question that got another's result: within which partition, from which entry."""

    query_id: UUID
    segment: str
    tenant: str
    partition: str
    cache_key: str
    query_text: str
    matched_query: str
    similarity: float
