"""Evaluation collections, the measures they are scored by, and embeddings kept between runs."""

import asyncio
import csv
import gzip
import hashlib
import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from app.domain.documents import ChunkDraft
from app.domain.reading import names_of
from app.domain.retrieval import Vector
from app.embedded.model_server.models.sentence_encoder import minilm
from app.ingestion.loaders.extract import extract
from app.ingestion.splitting.splitter import SplitterConfig, embedding_text, splitter_for
from tests.support import folders

DATA = folders.DATA
MAX_QUERIES = 1500
CONTEXT_TOKENS = 256
DIMENSION = 384

LANGUAGES = {"ar": "arabic", "de": "german", "el": "greek", "es": "spanish", "hi": "hindi", "ro": "romanian"}
LANGUAGES |= {"ru": "russian", "tr": "turkish", "zh": "simple", "th": "simple", "vi": "simple"}


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk as it is stored, with the text that stands for it before the model."""

    draft: ChunkDraft
    embedded: str


@dataclass(frozen=True, slots=True)
class EvaluationSet:
    """`pages` by document id; `queries` by id; `relevant` grades by query id and document id.

    `names`: what people call a document, by its id; empty where the ids are mere numbers.
    """

    name: str
    language: str
    pages: Mapping[str, Sequence[Passage]]
    queries: Mapping[str, str]
    relevant: Mapping[str, Mapping[str, int]]
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scores:
    """Means over the queries. nDCG with linear gains; success: a relevant one is among the first five, or first."""

    ndcg10: float
    recall10: float
    recall100: float
    success5: float
    success1: float


def baselines() -> dict[str, dict[str, str]]:
    with (DATA / "baselines.tsv").open() as lines:
        return {row["collection"]: row for row in csv.DictReader(lines, delimiter="\t")}


def load(name: str) -> EvaluationSet:
    """A set of `retrieval`, each document one passage, or files cut into chunks as by the ingestion."""
    if name.startswith("docs/"):
        return _files(name, "pages", "*.md", lambda row: [row["doc"]])
    return _files(name, "pdfs", "*.pdf", lambda row: row["docs"]) if name.startswith("rag/") else _retrieval(name)


def _retrieval(name: str) -> EvaluationSet:
    folder = DATA / "retrieval" / name
    relevant: dict[str, dict[str, int]] = defaultdict(dict)
    for line in _lines(folder / "qrels.tsv"):
        query, document, grade = line.rstrip("\n").split("\t")
        relevant[query][document] = int(grade)
    relevant = {query: grades for query, grades in relevant.items() if any(grade > 0 for grade in grades.values())}
    queries = [json.loads(line) for line in _lines(folder / "queries.jsonl")]
    if len(queries) > MAX_QUERIES:
        queries = [queries[i * len(queries) // MAX_QUERIES] for i in range(MAX_QUERIES)]
    pages = {}
    for row in map(json.loads, _lines(folder / "corpus.jsonl")):
        text = f"{row.get('title') or ''} {row['text']}".strip().replace("\0", " ")
        pages[row["id"]] = [Passage(ChunkDraft(0, text, len(text.split()), None, None), text)]
    return EvaluationSet(
        name,
        "simple" if name.endswith("_zh") else LANGUAGES.get(name.rpartition("/")[2], "english"),
        pages,
        {row["id"]: row["text"] for row in queries if row["id"] in relevant},
        relevant,
    )


def _files(name: str, within: str, pattern: str, answering: Callable[[Any], list[str]]) -> EvaluationSet:
    folder = DATA / name
    splitter = splitter_for(SplitterConfig())
    pages, names = {}, {}
    for path in sorted((folder / within).rglob(pattern)):
        document = extract(path.read_bytes(), path.name)
        filename = str(path.relative_to(folder / within))
        names[filename] = names_of(filename, document.properties, {})
        pages[filename] = [
            Passage(draft, embedding_text(draft.text, draft.section)) for draft in splitter.split(document)
        ]
    questions = [json.loads(line) for line in _lines(folder / "questions.jsonl")]
    return EvaluationSet(
        name,
        "english",
        pages,
        {row["id"]: row["text"] for row in questions},
        {row["id"]: dict.fromkeys(answering(row), 1) for row in questions},
        names,
    )


def _lines(path: Path) -> list[str]:
    if path.exists():
        return path.read_text(encoding="utf-8").splitlines()
    return gzip.decompress(path.with_name(f"{path.name}.gz").read_bytes()).decode().splitlines()


def score(rankings: Mapping[str, Sequence[str]], relevant: Mapping[str, Mapping[str, int]]) -> Scores:
    """Score rankings of document ids by query id."""
    rows = [_score(ranking, relevant[query]) for query, ranking in rankings.items()]
    return Scores(*(float(column) for column in np.mean(rows, axis=0)))


def _score(ranking: Sequence[str], grades: Mapping[str, int]) -> tuple[float, ...]:
    wanted = {document for document, grade in grades.items() if grade > 0}
    ideal = sorted((grade for grade in grades.values() if grade > 0), reverse=True)[:10]
    gains = [max(grades.get(document, 0), 0) for document in ranking[:10]]
    return (
        _discounted(gains) / _discounted(ideal),
        len(wanted.intersection(ranking[:10])) / len(wanted),
        len(wanted.intersection(ranking[:100])) / len(wanted),
        float(not wanted.isdisjoint(ranking[:5])),
        float(not wanted.isdisjoint(ranking[:1])),
    )


def _discounted(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains))


class Embeddings:
    """The bundled MiniLM by itself, each text embedded once and kept in a file."""

    def __init__(self, path: Path, *, threads: int = 2) -> None:
        self._model = minilm(threads)
        self._store = sqlite3.connect(path)
        self._store.execute(
            "CREATE TABLE IF NOT EXISTS embeddings (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"
        )

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        missing = [text for text in dict.fromkeys(texts) if self._kept(text) is None]
        for start in range(0, len(missing), 64):
            batch = missing[start : start + 64]
            encoded = await asyncio.gather(
                *(self._model.encode(text, limit=CONTEXT_TOKENS, truncate=True) for text in batch)
            )
            rows = [(_key(text), one.vector.tobytes()) for text, one in zip(batch, encoded, strict=True)]
            self._store.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?)", rows)
            self._store.commit()
            print(f"\r  embedded {start + len(batch)} of {len(missing)}", end="", flush=True)
        if missing:
            print()
        return [self._known(text) for text in texts]

    def _known(self, text: str) -> Vector:
        vector = self._kept(text)
        assert vector is not None
        return vector

    def _kept(self, text: str) -> Vector | None:
        row: Any = self._store.execute("SELECT vector FROM embeddings WHERE key = ?", (_key(text),)).fetchone()
        return np.frombuffer(row[0], dtype=np.float32) if row else None


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
