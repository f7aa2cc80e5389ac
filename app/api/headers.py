"""Request and response headers that need care."""

import re
from typing import Annotated
from urllib.parse import quote

from fastapi import Header
from pydantic import StringConstraints

IfNoneMatch = Annotated[str | None, Header(description="Answer 304 if this is still the ETag", max_length=1000)]
IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(pattern=r"^[!-~]{1,255}$")] | None,
    Header(description="The same key with the same files is one upload, however often it is sent"),
]

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,127}/[A-Za-z0-9!#$&^_.+-]{1,127}")


_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def media_type_of(declared: str | None) -> str | None:
    """A declared media type without its parameters, or None if it is none."""
    media_type = (declared or "").partition(";")[0].strip().lower()
    return media_type if _MEDIA_TYPE.fullmatch(media_type) else None


def matches(if_none_match: str | None, tag: str) -> bool:
    """Whether `If-None-Match` names this entity tag, by the weak comparison of RFC 9110 §13.1.2."""
    if if_none_match is None:
        return False
    named = {item.strip().removeprefix("W/") for item in if_none_match.split(",")}
    return tag in named or "*" in named


def byte_range(value: str | None, size: int) -> tuple[int, int] | None:
    """Return the first byte and the end of a `Range` of one part (RFC 9110 §14.2); None to send everything.

    Raises:
        ValueError: no byte of it is there.
    """
    found = _RANGE.fullmatch(value or "")
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None
    if start >= end:
        raise ValueError("no byte of the range is there")
    return start, end


def attachment_headers(filename: str, media_type: str) -> dict[str, str]:
    """Headers of a file to save (RFC 6266). It is never rendered in our origin: anyone may have uploaded it."""
    filename = filename.rpartition("/")[2]
    plain = "".join(char if " " <= char <= "~" and char not in '"\\%' else "_" for char in filename)
    encoded = quote(filename, safe="", errors="replace")
    return {
        "Content-Type": media_type_of(media_type) or "application/octet-stream",
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
