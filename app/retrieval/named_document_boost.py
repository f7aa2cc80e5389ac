"""Passages of a document that the question names: people expect the file that they speak of before all others."""

import re
from collections.abc import Sequence
from dataclasses import replace

from app.domain.retrieval import ScoredChunk
from app.retrieval.references import quarters_in

# Deviations of the fused scores, for a name that the question says whole.
BONUS = 1.0
# The words of a name, and the share of them, that the question must have: many a file is called "index".
LEAST_WORDS = 2
LEAST_SHARE = 0.5

_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class NamedDocuments:
    """The words of a question, by which names of files are told from those that it does not speak of."""

    def __init__(self, question: str) -> None:
        self._words = _words(" ".join([question, *quarters_in(question)]))

    def share(self, filename: str) -> float:
        """The share of the words of the name, without folder and ending, that the question has; 0 for too few."""
        base = filename.rpartition("/")[2]
        words = _words(base.rpartition(".")[0] or base)
        said = len(words & self._words)
        enough = said >= LEAST_WORDS and said / len(words) >= LEAST_SHARE
        return said / len(words) if enough else 0.0


def raised(ranked: Sequence[ScoredChunk], named: NamedDocuments) -> list[ScoredChunk]:
    """The passages with those of named documents raised, best first."""
    shares = {filename: named.share(filename) for filename in {passage.filename for passage in ranked}}
    scored = [
        replace(passage, score=passage.score + BONUS * shares[passage.filename])
        if shares[passage.filename]
        else passage
        for passage in ranked
    ]
    return sorted(scored, key=lambda passage: (-passage.score, passage.chunk_id))


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(_CAMEL.sub(" ", text))}
