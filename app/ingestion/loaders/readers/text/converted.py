"""Old PowerPoint and Org files: kreuzberg makes Markdown of them."""

from collections.abc import Iterator

import kreuzberg

from app.domain.reading import DocumentProperties
from app.errors import UnreadableDocument
from app.ingestion.document.cleaning import clean_line
from app.ingestion.document.model import Element
from app.ingestion.loaders import media
from app.ingestion.loaders.reader import Source
from app.ingestion.loaders.readers.markup import markdown
from app.ingestion.loaders.text import decode, refuse_garbage


def read(source: Source) -> Iterator[Element]:
    content = source.content
    if source.media_type == media.ORG:
        decoded = decode(content)
        yield from decoded.warnings
        content = decoded.text.encode("utf-8", "replace")
    config = kreuzberg.ExtractionConfig(
        use_cache=False,
        enable_quality_processing=False,
        output_format="markdown",
        concurrency=kreuzberg.ConcurrencyConfig(max_threads=1),
    )
    try:
        result = kreuzberg.extract_bytes_sync(content, source.media_type, config)
    except kreuzberg.KreuzbergError as error:
        if "password" in str(error).lower() or "encrypted" in str(error).lower():
            raise UnreadableDocument("The file is protected with a password.") from error
        raise UnreadableDocument("The file is truncated or damaged.") from error
    refuse_garbage(result.content[:1_000_000])
    title = result.metadata.get("title")
    yield DocumentProperties(clean_line(title) or None if isinstance(title, str) else None)
    yield from markdown.elements(result.content)
