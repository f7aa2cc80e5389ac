"""A file that is being read, section by section."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.domain.documents import LoadedDocument, Section


@dataclass(slots=True)
class ExtractedText:
    """A `LoadedDocument` in the making: `warnings` grow while `sections` are read, once."""

    media_type: str
    sections: Iterator[Section]
    title: str | None = None
    page_count: int | None = None
    warnings: list[str] = field(default_factory=list)

    def finish(self) -> LoadedDocument:
        """Read everything that is left."""
        sections = tuple(self.sections)
        return LoadedDocument(self.media_type, sections, self.title, self.page_count, tuple(self.warnings))
