"""Every sentence of some passages that speaks of a thing: an answer to "list all …" without a writer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.domain.retrieval import ScoredChunk
from app.generation.sentences import Kind, Sentence, sentences_of
from app.generation.terms import terms

# The share of the wanted terms that a sentence holds, together with its headings.
_ENOUGH = 0.6


@dataclass(frozen=True, slots=True)
class Mention:
    """A sentence of a passage that speaks of what is wanted."""

    passage: ScoredChunk
    sentence: Sentence

    @property
    def text(self) -> str:
        return self.sentence.of(self.passage.text)


def mentions(what: str, passages: Sequence[ScoredChunk]) -> list[Mention]:
    """The sentences, in the order of the documents as they were found, and in each document's own order."""
    wanted = frozenset(terms(what))
    found: list[Mention] = []
    said: set[str] = set()
    for passage in in_document_order(passages):
        heading = wanted.intersection(terms(passage.section or ""))
        for sentence in sentences_of(passage.text):
            if sentence.kind is Kind.TITLE:
                continue
            words = terms(sentence.of(passage.text))
            wording = " ".join(words)
            own = wanted.intersection(words)
            # Under a heading that says it all, as "Deadlines", each item is one.
            listed = sentence.kind in (Kind.ITEM, Kind.ROW) and len(heading) >= _ENOUGH * len(wanted)
            if wording not in said and wanted and (listed or (own and len(own | heading) >= _ENOUGH * len(wanted))):
                said.add(wording)
                found.append(Mention(passage, sentence))
    return found


def in_document_order(passages: Sequence[ScoredChunk]) -> Iterator[ScoredChunk]:
    """Passages, each once, document by document as they were found, each document's in its own order."""
    distinct = {one.chunk_id: one for one in passages}.values()
    order = {document: place for place, document in enumerate(dict.fromkeys(one.document_id for one in distinct))}
    yield from sorted(distinct, key=lambda one: (order[one.document_id], one.ordinal))
