"""Addresses of sources, for clients that show where an answer comes from."""

from collections.abc import Sequence
from uuid import UUID

from starlette.requests import Request

from app.domain.answers import Citation, Source


class SourceLinks:
    """Makes whole addresses of the documents' files, as the client of one request reaches them."""

    def __init__(self, request: Request) -> None:
        self._base = str(request.base_url)

    def of(self, source: Source) -> str:
        return self.at(source.document_id, source.page)

    def at(self, document_id: UUID, page: int | None) -> str:
        place = "" if page is None else f"#page={page}"
        return f"{self._base}api/documents/{document_id}/content{place}"


def cited(citation: Citation, sources: Sequence[Source]) -> tuple[Source, int, int]:
    """Return the source of a citation, and where its mark begins and ends in the answer, in characters."""
    source = next(source for source in sources if source.citation == citation.citation)
    return source, citation.offset - len(f"[{citation.citation}]"), citation.offset
