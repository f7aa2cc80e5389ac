"""Hits by meaning, stored when they are served and read when a user judges them."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ServedMatch:
    """A question that got another question's result, with the partition and the entry of that result."""

    query_id: UUID
    segment: str
    tenant: str
    partition: str
    cache_key: str
    query_text: str
    matched_query: str
    similarity: float
