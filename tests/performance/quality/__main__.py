"""How well search finds what it should, by arm and together, beside measured baselines.

    python -m tests.performance.quality [SET ...]     (or: make bench-quality)

Loads each set of the shared evaluation data into a PostgreSQL of its own, embeds it with the bundled MiniLM, and
asks every question (at most 1,500 a set, evenly sampled) of the service that the API uses. Embeddings are kept in
BENCH_CACHE (default bench-results/), since they take most of the time: about an hour for all sets on 2 cores.
`exact` is MiniLM by brute force, `bm25s` that library's BM25 over the same passages. `reranked` are the results of
the bundled `cross_encoder`, for up to 200 questions of each English set; `asked` are theirs without it.
In brackets, figures measured elsewhere: BM25 by Lucene's formula, and both fused by reciprocal rank.
"""

import argparse
import asyncio
import math
import os
import statistics
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

import httpx
import numpy as np

from app.db.database import Database
from app.domain.documents import Collection
from app.domain.retrieval import ArmResult, Query, Retrieval, Vector
from app.reranking.client import RerankClient
from app.reranking.scorer import Scorer
from app.retrieval.fusion import fuse
from app.retrieval.settings import RetrievalSettings
from app.services.evidence.ranking import PassageRanker
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.service import DEPTH, SearchService
from tests.performance.quality.report import Outcome, report
from tests.performance.shared import peers
from tests.performance.shared.database import private_database
from tests.performance.shared.evaluation import (
    DATA,
    DIMENSION,
    Embeddings,
    EvaluationSet,
    Scores,
    load,
    score,
)
from tests.performance.shared.stored import store, vectors_of
from tests.support.corpus import TENANT, StoredCollections
from tests.support.processes.model_server import running_model_server

SETS = [
    "adi",
    "claude_docs",
    "cranfield",
    "cisi",
    "cacm",
    "squad11_dev_a",
    "nq_open_gold",
    "docs/aws",
    "rag/sec10q",
]
# Results asked for: nDCG@10 of several chunks a document needs more than ten of them.
RESULTS = 20
# MiniLM knows English alone: in the other languages of these the arms differ in how far they can be trusted.
LANGUAGES = ("en", "zh", "ar", "de", "ru", "hi", "th", "el", "es", "ro", "tr", "vi")
LANGUAGE_SETS = ["cmrc2018_trial_zh", *(f"xquad_a/{code}" for code in LANGUAGES)]
RERANKER = "ms-marco-minilm-l-12-v2"
RERANKED = 200
UNSPACED = ("_zh", "/zh", "/th")


async def measure(
    database: Database, data: EvaluationSet, embeddings: Embeddings, ranker: PassageRanker
) -> Outcome:
    vectors = await vectors_of(data, embeddings)
    documents = await store(database, data, vectors)
    asked = dict(zip(data.queries, await embeddings.embed(list(data.queries.values())), strict=True))
    by_text = {data.queries[query]: vector for query, vector in asked.items()}

    async def embed_query(collection: Collection, text: str) -> Vector:
        return by_text.get(text, np.ones(DIMENSION, dtype=np.float32))

    keeper = LexemeStatistics(database)
    service = SearchService(database, StoredCollections(database), embed_query, keeper, ranker=ranker)

    async def search(queries: Iterable[str], **retrieval: str) -> dict[str, Retrieval]:
        texts = {query: data.queries[query].replace("\0", " ") for query in queries}
        return {
            query: await service.search(Query(TENANT, data.name, text, top_k=RESULTS, retrieval=retrieval))
            for query, text in texts.items()
            if text.strip()  # one set has a question without text; it scores 0
        }

    found = await search(data.queries)
    weight = RetrievalSettings.of(await StoredCollections(database).resolve(TENANT, data.name)).lexical_weight
    sample = list(data.queries)[:: max(1, math.ceil(len(data.queries) / RERANKED))]
    reranked = await search(sample, reranker="cross_encoder") if data.language == "english" else {}
    await keeper.close()

    def ranked(arms: Mapping[str, Sequence[int]], queries: Iterable[str] = data.queries) -> Scores:
        rankings = {
            query: list(dict.fromkeys(documents[chunk] for chunk in arms.get(query, ()))) for query in queries
        }
        return score(rankings, data.relevant)

    scores = {
        "lexical": ranked({query: _ids(one.lexical) for query, one in found.items()}),
        "bm25s": ranked(await _by_reference(data, list(documents))),
        "vector": ranked({query: _ids(one.vector) for query, one in found.items()}),
        "exact": ranked(_by_brute_force(asked, list(documents), vectors)),
        "fused": ranked({query: _fused(one, weight) for query, one in found.items()}),
        "results": ranked(_results(found)),
    }
    if reranked:
        scores |= {
            "asked": ranked(_results(found), sample),
            "reranked": ranked(_results(reranked), sample),
        }
    return Outcome(scores, statistics.median(one.timings_ms["total"] for one in found.values()))


def _ids(arm: ArmResult | None) -> list[int]:
    return [candidate.chunk_id for candidate in arm.candidates] if arm else []


def _results(found: Mapping[str, Retrieval]) -> dict[str, list[int]]:
    return {query: [item.chunk_id for item in one.results] for query, one in found.items()}


def _fused(found: Retrieval, weight: float) -> list[int]:
    fused = fuse(vector=found.vector, lexical=found.lexical, depth=DEPTH, lexical_weight=weight)
    return [item.chunk_id for item in fused]


def _by_brute_force(asked: Mapping[str, Vector], ids: list[int], vectors: list[Vector]) -> dict[str, list[int]]:
    matrix = np.stack(vectors)
    return {
        query: [ids[row] for row in np.argsort(-(matrix @ vector), kind="stable")[:DEPTH]]
        for query, vector in asked.items()
    }


async def _by_reference(data: EvaluationSet, ids: list[int]) -> dict[str, list[int]]:
    texts = [f"{one.draft.section or ''} {one.draft.text}" for page in data.pages.values() for one in page]
    task = {
        "texts": texts,
        "queries": list(data.queries.values()),
        "language": "unspaced" if data.name.endswith(UNSPACED) else data.language,
        "depth": DEPTH,
    }
    found = await peers.run("bm25", task)
    return {query: [ids[place] for place in row] for query, row in zip(data.queries, found, strict=True)}


async def main(names: Sequence[str], folder: Path) -> None:
    embeddings = Embeddings(folder / "embeddings.sqlite")
    outcomes: dict[str, Outcome] = {}
    with running_model_server(folder / "models.log") as models:
        reranker = RerankClient(httpx.AsyncClient(base_url=models.url, timeout=60, trust_env=False), RERANKER)
        ranker = PassageRanker(Scorer(reranker, budget=60), RERANKER)
        async with private_database() as (database, _), aclosing(reranker):
            for name in names:
                print(name, flush=True)
                outcomes[name] = await measure(database, load(name), embeddings, ranker)
    report(outcomes, folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=[*SETS, *LANGUAGE_SETS], metavar="SET")
    wanted = parser.parse_args().sets
    if DATA.is_dir():
        folder = Path(os.environ.get("BENCH_CACHE", "bench-results"))
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(main(wanted, folder))
    else:
        print("The shared evaluation data is not here; nothing was measured.")
