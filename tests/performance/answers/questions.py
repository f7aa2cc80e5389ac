"""The questions that answers are measured by, and the documents that they are asked of."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.ingestion.loaders.extract import extract
from app.ingestion.splitting.splitter import SplitterConfig, embedding_text, splitter_for
from tests.performance.shared.evaluation import DATA, EvaluationSet, Passage, load
from tests.support.folders import REPO

OWN_DOCS = "own docs"
_OWN_QUESTIONS = Path(__file__).with_name("own_docs_questions.jsonl")
_SMALL_TALK = (
    "hello",
    "thanks!",
    "asdf qwer zxcv",
    "How are you today?",
    "What is the weather in Paris tomorrow?",
    "Write me a poem about the sea",
    "Tell me a joke",
    "lorem ipsum dolor sit amet",
)


@dataclass(frozen=True, slots=True)
class Question:
    """`answers`: phrases of which a right answer holds one. `exact`: to the letter; otherwise most of its words.

    `documents` are those that answer it; none: nothing in the collection does.
    """

    text: str
    answers: Sequence[str] = ()
    documents: frozenset[str] = frozenset()
    exact: bool = True


@dataclass(frozen=True, slots=True)
class AnswerSet:
    """`off_topic` are about other things than the documents, `unanswered` about their subjects."""

    documents: EvaluationSet
    answerable: Sequence[Question]
    off_topic: Sequence[Question] = ()
    unanswered: Sequence[Question] = ()


def squad(most: int) -> AnswerSet:
    documents = load("squad11_dev_a")
    folder = DATA / "retrieval" / "squad11_dev_a"
    elsewhere = [
        *(row["text"] for row in _rows(DATA / "docs/aws/questions.jsonl")),
        *(row["text"] for row in _rows(DATA / "retrieval/cranfield/queries.jsonl")[::6]),
        *(row["text"] for row in _rows(DATA / "rag/covidqa/questions.jsonl")[::20]),
        *_SMALL_TALK,
    ]
    near = [row["text"] for row in _rows(folder / "unanswerable.jsonl")]
    return AnswerSet(
        documents,
        _known(documents, folder, most),
        off_topic=[Question(text) for text in elsewhere],
        unanswered=[Question(text) for text in _sampled(near, most // 2)],
    )


def nq(most: int) -> AnswerSet:
    documents = load("nq_open_gold")
    return AnswerSet(documents, _known(documents, DATA / "retrieval" / "nq_open_gold", most))


def aws(most: int) -> AnswerSet:
    documents = load("docs/aws")
    rows = _sampled(_rows(DATA / "docs/aws/questions.jsonl"), most)
    return AnswerSet(
        documents, [Question(row["text"], row["answers"], frozenset({row["doc"]}), exact=False) for row in rows]
    )


def covid(most: int) -> AnswerSet:
    folder = DATA / "rag" / "covidqa"
    documents = _cut("covidqa", {path.name: path for path in sorted((folder / "docs").glob("*.txt"))})
    rows = _sampled(_rows(folder / "questions.jsonl"), most)
    return AnswerSet(
        documents, [Question(row["text"], [row["answer"]], frozenset({row["doc"]}), exact=False) for row in rows]
    )


def own_docs(_most: int) -> AnswerSet:
    """This project's documentation, as `localchat ingest README.md docs/*.md docs/decisions` brings it in."""
    paths = [
        REPO / "README.md",
        *sorted((REPO / "docs").glob("*.md")),
        *sorted((REPO / "docs/decisions").glob("*.md")),
    ]
    documents = _cut(OWN_DOCS, {str(path.relative_to(REPO)): path for path in paths})
    questions = [
        Question(row["question"], row["contains"], frozenset(row["documents"])) for row in _rows(_OWN_QUESTIONS)
    ]
    return AnswerSet(documents, questions, off_topic=[Question(text) for text in _SMALL_TALK])


SETS: Mapping[str, Any] = {"squad": squad, "nq": nq, "aws": aws, "covid": covid, "own": own_docs}


def _known(documents: EvaluationSet, folder: Path, most: int) -> list[Question]:
    answers = {row["id"]: row.get("answers", ()) for row in _rows(folder / "queries.jsonl")}
    chosen = _sampled(list(documents.queries.items()), most)
    return [Question(text, answers[key], frozenset(documents.relevant[key])) for key, text in chosen]


def _cut(name: str, paths: Mapping[str, Path]) -> EvaluationSet:
    splitter = splitter_for(SplitterConfig())
    pages = {}
    for document, path in paths.items():
        media_type = "text/markdown" if path.suffix == ".md" else "text/plain"
        drafts = splitter.split(extract(path.read_bytes(), path.name, media_type))
        pages[document] = [Passage(draft, embedding_text(draft.text, draft.section)) for draft in drafts]
    return EvaluationSet(name, "english", pages, {}, {})


def _sampled(rows: Sequence[Any], most: int) -> list[Any]:
    """At most so many, evenly."""
    return [rows[at * len(rows) // most] for at in range(most)] if len(rows) > most else list(rows)


def _rows(path: Path) -> list[dict[str, Any]]:
    packed = path.with_name(f"{path.name}.gz")
    text = path.read_text() if path.exists() else gzip.decompress(packed.read_bytes()).decode()
    return [json.loads(line) for line in text.splitlines()]
