"""The results of tools, as assistants get them: structured, with the addresses of the files."""

from uuid import UUID

from pydantic import BaseModel, Field

from app.api.compatible.links import SourceLinks
from app.domain.answers import Source
from app.services.answering.answer import Answer


class FoundPassage(BaseModel):
    document_id: UUID
    filename: str
    page: int | None
    section: str | None
    text: str
    url: str = Field(description="The file, at the passage's page")


class Passages(BaseModel):
    passages: list[FoundPassage]


class CitedSource(FoundPassage):
    """`number` stands in the answer in brackets."""

    number: int

    @classmethod
    def of(cls, source: Source, links: SourceLinks) -> "CitedSource":
        return cls(
            number=source.citation,
            document_id=source.document_id,
            filename=source.filename,
            page=source.page,
            section=source.section,
            text=source.quote,
            url=links.of(source),
        )


class CitedAnswer(BaseModel):
    """An answer. `found` is false if the documents do not hold it; `sources` are then the nearest passages."""

    answer: str
    found: bool
    sources: list[CitedSource]

    @classmethod
    def of(cls, answer: Answer, links: SourceLinks) -> "CitedAnswer":
        cited = {citation.citation for citation in answer.citations}
        shown = [source for source in answer.sources if not cited or source.citation in cited]
        return cls(
            answer=answer.text, found=bool(cited), sources=[CitedSource.of(source, links) for source in shown]
        )


class CollectionItem(BaseModel):
    name: str
    description: str
    documents: int


class CollectionItems(BaseModel):
    collections: list[CollectionItem]


class DocumentItem(BaseModel):
    document_id: UUID
    filename: str
    media_type: str
    status: str
    warnings: list[str] = Field(description="What could not be read of the file")


class DocumentItems(BaseModel):
    """`next_cursor` gives the next page; null on the last."""

    documents: list[DocumentItem]
    next_cursor: str | None


class DocumentText(BaseModel):
    """A part of a document's text. `next_cursor` gives what follows; null at the end."""

    filename: str
    text: str
    next_cursor: str | None
