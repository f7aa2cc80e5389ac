"""One file to a document, by the reader for its kind. Runs in a child process, never in the service's own."""

from app.errors import UnsupportedMedia
from app.ingestion.document.model import LoadedDocument
from app.ingestion.loaders import media
from app.ingestion.loaders.reader import Source, reader_for
from app.ingestion.loaders.reading import Reading, begin


def extract(content: bytes, filename: str, media_type: str | None = None) -> LoadedDocument:
    """Read a file.

    Raises:
        UnsupportedMedia: a kind that is not read.
        UnreadableDocument: nothing can be read from it; the reason is for its owner.
    """
    return open_file(content, filename, media_type).finish()


def open_file(content: bytes, filename: str, media_type: str | None = None) -> Reading:
    """Begin to read a file. Raises what `extract` does, now or while its sections are read."""
    kind = media.detect(content, filename, media_type)
    read = reader_for(kind)
    if read is None:
        raise UnsupportedMedia("This kind of file is not read.")
    source = Source(content, filename, kind)
    return begin(source, read(source))
