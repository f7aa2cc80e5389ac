"""The service's way to read documents: their text in one child process, then their pictures in another."""

import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from itertools import islice
from typing import TypeVar

from app.domain.documents import Chunking, ChunkPart, StoredFile
from app.domain.reading import WarningKind
from app.errors import LocalChatError, UnreadableDocument
from app.ingestion.document.model import LoadedDocument, Section
from app.ingestion.loaders.extract import extract, open_file
from app.ingestion.loaders.pool import ChildPool, whole
from app.ingestion.loaders.reading import NO_EXTRACTABLE, unrecognised
from app.ingestion.loaders.recognition.settings import RecognitionSettings
from app.ingestion.loaders.recognition.task import RecognisedPart, ToRecognise, recognise_parts
from app.ingestion.loaders.warning_list import WarningList
from app.ingestion.loaders.worker import Limits
from app.ingestion.splitting.splitter import SplitterConfig, splitter_for

T = TypeVar("T")

# Sections or chunks in one message from a child: some 100 kB.
_PART = 128


class DocumentLoader:
    """Reads files in child processes, as many at once as there are `workers`.

    Pictures are recognised one after the other in a child of their own, so that they hold up no text; without
    `recognition` they are not read. `on_stage` receives when the parsing, the chunking and the recognition of a
    file began and ended, in epoch seconds.
    """

    def __init__(
        self,
        *,
        workers: int = 2,
        limits: Limits | None = None,
        recognition: RecognitionSettings | None = None,
        on_stage: Callable[[str, float, float], None] = lambda _stage, _began, _ended: None,
    ) -> None:
        self._on_stage = on_stage
        self._recognition = recognition
        self._texts = ChildPool(workers, limits or Limits())
        self._pictures = ChildPool(1, _picture_limits(recognition or RecognitionSettings()), name="recognition")

    async def load(self, content: bytes, filename: str, media_type: str | None = None) -> LoadedDocument:
        """Read a file's text. `media_type` is what the sender declared; content and name go before it.

        Raises:
            UnsupportedMedia, UnreadableDocument: with a reason for the sender.
        """
        parts = await self._texts.run(load_parts, whole(content), filename, media_type)
        document: LoadedDocument = parts[0]
        return replace(document, sections=tuple(section for part in parts[1:] for section in part))

    @asynccontextmanager
    async def chunks(
        self,
        content: StoredFile,
        filename: str,
        media_type: str | None = None,
        chunking: Chunking | None = None,
    ) -> AsyncIterator[AsyncIterator[ChunkPart]]:
        """Read a file and cut it into chunks, both in the child, which works ahead by a part or two.

        `chunking` is the bundled model's if not given.

        Raises:
            UnsupportedMedia, UnreadableDocument: with a reason for the sender, perhaps after some parts.
        """
        splitter = SplitterConfig.of(chunking or Chunking())
        async with aclosing(self._parts(content, filename, media_type, splitter)) as parts:
            yield parts

    async def _parts(
        self, content: StoredFile, filename: str, media_type: str | None, splitter: SplitterConfig
    ) -> AsyncGenerator[ChunkPart, None]:
        left: ToRecognise | None = None
        count = 0
        arguments = (filename, media_type, splitter, self._recognition is not None)
        async with self._texts.stream(chunk_parts, content, *arguments) as parts:
            async for part in parts:
                match part:
                    case ChunkPart():
                        count += len(part.chunks)
                        yield part
                    case ToRecognise():
                        left = part
                    case _:
                        for stage, began, ended in part:
                            self._on_stage(stage, began, ended)
        if left is not None:
            async with aclosing(self._recognised(content, left, count, splitter)) as recognised:
                async for part in recognised:
                    yield part

    async def _recognised(
        self, content: StoredFile, left: ToRecognise, count: int, splitter: SplitterConfig
    ) -> AsyncGenerator[ChunkPart, None]:
        """The chunks of a file's pictures, behind the `count` of its text."""
        assert self._recognition is not None
        warnings = WarningList()
        for told in left.warnings:
            warnings.add(told)
        wanted = left.pictures[: self._recognition.pages]
        for section in left.pictures[len(wanted) :]:
            message = f"More than {len(wanted)} pictures of one document are not recognised."
            warnings.add(replace(unrecognised(section), kind=WarningKind.LIMIT_REACHED, message=message))
        began = time.time()
        async with aclosing(self._each_picture(content, left.media_type, wanted, splitter)) as pictures:
            async for picture in pictures:
                for told in picture.warnings:
                    warnings.add(told)
                if picture.chunks:
                    chunks = [replace(draft, ordinal=count + n) for n, draft in enumerate(picture.chunks)]
                    count += len(chunks)
                    yield ChunkPart(left.media_type, chunks, last=False, properties=left.properties)
        self._on_stage("recognise", began, time.time())
        if not count:
            raise UnreadableDocument(NO_EXTRACTABLE)
        yield ChunkPart(left.media_type, (), last=True, warnings=warnings.all(), properties=left.properties)

    async def _each_picture(
        self, content: StoredFile, media_type: str, wanted: tuple[Section, ...], splitter: SplitterConfig
    ) -> AsyncGenerator[RecognisedPart, None]:
        """One part a picture. One that ends its child costs no other its text."""
        done = 0
        while done < len(wanted):
            arguments = (media_type, wanted[done:], self._recognition, splitter)
            try:
                async with self._pictures.stream(recognise_parts, content, *arguments) as parts:
                    async for part in parts:
                        done += 1
                        yield part
            except LocalChatError as error:
                failed = replace(unrecognised(wanted[done]), message=_shortly(error))
                done += 1
                yield RecognisedPart((), (failed,))

    async def close(self) -> None:
        """End every child. What still runs is refused."""
        await self._texts.close()
        await self._pictures.close()


def _shortly(error: LocalChatError) -> str:
    return f"Its text could not be recognised: {error.detail}"


def _picture_limits(recognition: RecognitionSettings) -> Limits:
    return Limits(
        seconds=recognition.seconds_per_page * recognition.pages, seconds_of_part=recognition.seconds_per_page
    )


def load_parts(content: bytes, filename: str, media_type: str | None) -> Iterator[object]:
    """Runs in the child: the document without its sections, then the sections."""
    document = extract(content, filename, media_type)
    yield replace(document, sections=())
    yield from _batched(document.sections)


def chunk_parts(
    content: bytes, filename: str, media_type: str | None, config: SplitterConfig, recognise: bool
) -> Iterator[object]:
    """Runs in the child: `ChunkPart`s, what is left `ToRecognise`, then when parsing and chunking began and ended.

    They take turns, so the times are as if one had come after the other.

    Raises:
        UnreadableDocument: all is pictures, and they are not recognised.
    """
    began = time.time()
    reading = open_file(content, filename, media_type)
    opened = time.time()
    sections = _Timed(reading.sections)
    parts = _Timed(_batched(splitter_for(config).stream(sections)))
    part = next(parts, ())
    while part:
        following = next(parts, ())
        last = not following and not (recognise and reading.pictures)
        if last:
            reading.leave_pictures()
        yield ChunkPart(reading.media_type, part, last, reading.warnings.all() if last else (), reading.properties)
        part = following
    pictures = tuple(reading.pictures)
    if pictures and recognise:
        yield ToRecognise(reading.media_type, pictures, reading.warnings.all(), reading.properties)
    elif pictures and not parts.count:
        raise UnreadableDocument(NO_EXTRACTABLE)
    parsed = opened + sections.seconds
    yield (("parse", began, parsed), ("chunk", parsed, opened + parts.seconds))


class _Timed(Iterator[T]):
    """Gives out what `items` gives, counts it, and adds up the `seconds` that takes."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self.seconds = 0.0
        self.count = 0

    def __next__(self) -> T:
        began = time.perf_counter()
        try:
            item = next(self._items)
        finally:
            self.seconds += time.perf_counter() - began
        self.count += 1
        return item


def _batched(items: Iterable[T]) -> Iterator[tuple[T, ...]]:
    rest = iter(items)
    while part := tuple(islice(rest, _PART)):
        yield part
