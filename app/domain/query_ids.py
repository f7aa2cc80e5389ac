"""Ids of answered questions, which lead back to the cache entry that answered.

A UUID of version 8 (RFC 9562 §5.8): its first 60 free bits begin the entry's key, the other 62 are random. So every
replica finds the entry behind an id without anything having been written when it was served. Among 100,000 entries
two share those 60 bits with a probability of 4e-9.
"""

from random import getrandbits
from uuid import UUID, uuid4

_DIGITS = 15


def new_query_id(cache_key: str | None) -> UUID:
    """An id of its own for one answer. `cache_key` is 64 hex characters, None if no entry is behind it."""
    return uuid4() if cache_key is None else UUID(query_id_text(cache_key))


def query_id_text(cache_key: str) -> str:
    """The same as text, in a microsecond."""
    tail = f"{0b10 << 62 | getrandbits(62):x}"
    return f"{cache_key[:8]}-{cache_key[8:12]}-8{cache_key[12:_DIGITS]}-{tail[:4]}-{tail[4:]}"


def key_prefix(query_id: UUID) -> str | None:
    """The first 15 hex characters of the entry's key; None if the id leads to none."""
    if query_id.version != 8:  # noqa: PLR2004
        return None
    return query_id.hex[:12] + query_id.hex[13:16]
