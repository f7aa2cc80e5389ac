"""An answer put together from sentences of documents, each with its citation, and from words of our own."""

from dataclasses import replace

from app.domain.answers import (
    AnswerRequest,
    Citation,
    Delta,
    Event,
    Highlight,
    Highlights,
    Sources,
    Start,
    Status,
)
from app.domain.documents import Chunk, Document
from app.domain.query_ids import new_query_id
from app.domain.reading import unread_parts
from app.domain.retrieval import ScoredChunk
from app.generation.quotes import written
from app.generation.sentences import Sentence
from app.services.answering.pipeline import numbered, written_by
from app.services.answering.writer import StageClock, wordless_end


class QuotedAnswer:
    """Collects the parts of an answer, then gives its events. A passage gets its number when it is first quoted.

    Attributes:
        passages: those that were quoted, by chunk id.
    """

    def __init__(self) -> None:
        self.passages: dict[int, ScoredChunk] = {}
        self._highlights: list[Highlight] = []
        self._spoken: list[Delta | Citation] = []
        self._length = 0

    def say(self, text: str) -> None:
        self._length += len(text)
        self._spoken.append(Delta(text))

    def quote(self, passage: ScoredChunk, sentence: Sentence, lead: str = "") -> None:
        """A sentence word for word, after `lead`, and its citation."""
        text = written(sentence.of(passage.text), sentence.kind)
        self.repeat(passage, Highlight(0, passage.chunk_id, sentence.start, sentence.end, text, score=1.0), lead)

    def repeat(self, passage: ScoredChunk, highlight: Highlight, lead: str = "") -> None:
        """A highlight of a passage, whatever its number was, after `lead`, and its citation."""
        self.passages.setdefault(passage.chunk_id, passage)
        number = list(self.passages).index(passage.chunk_id) + 1
        self._highlights.append(replace(highlight, citation=number))
        self.say(f"{lead}{highlight.text.rstrip()} [{number}]")
        self._spoken.append(Citation(number, passage.chunk_id, self._length))

    def events(self, clock: StageClock, finish_reason: str = "stop") -> list[Event]:
        """All events after those that tell what was read."""
        sources = numbered(list(self.passages.values()))
        return [
            Sources(sources),
            Highlights(tuple(self._highlights)),
            *self._spoken,
            Status("quote", clock.lap()),
            *wordless_end(clock, finish_reason, [source.citation for source in sources]),
        ]


def started(request: AnswerRequest) -> Start:
    """The first event of an answer about documents, which no cache holds."""
    return Start(new_query_id(None), "", written_by(request), {"status": "bypass", "tier": None})


def passage_of(document: Document, chunk: Chunk, text: str | None = None) -> ScoredChunk:
    """A chunk as a passage that no search found. `text` is shown in place of the chunk's own."""
    return ScoredChunk(
        chunk_id=chunk.id,
        document_id=chunk.document_id,
        filename=chunk.filename,
        page=chunk.page,
        section=chunk.section,
        text=chunk.text if text is None else text,
        score=1.0,
        scores={},
        ordinal=chunk.ordinal,
        token_count=chunk.token_count,
        document_date=document.document_date.isoformat(),
        unread=unread_parts(document.warnings),
    )
