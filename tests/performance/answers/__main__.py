"""How often answers are right, cite what they should, and say that nothing is there; by mode and model.

    python -m tests.performance.answers [SET ...] [--questions N] [--models NAME ...]     (or: make bench-answers)

Each set is stored in a PostgreSQL of its own, and its questions go through the service's own pipeline: hybrid
search, the bundled reranker behind `/v1/rerank`, the gate, the quotes or a model. `quote` answers in two sentences.
Each model that is named is asked too: of the bundled server, or of OLLAMA_BASE_URL. An answer is right if it holds
one of the phrases known for its question; those of `covid` and `aws` are long, and six words in ten of one suffice.
"""

import argparse
import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx

from app.db.database import Database
from app.domain.answers import GENERATE, QUOTE, AnswerRequest
from app.domain.documents import Collection
from app.domain.retrieval import Vector
from app.generation.gate import AnswerGate
from app.generation.prompting.prompt import PromptBuilder
from app.ollama.client import OllamaClient
from app.reranking.client import RerankClient
from app.reranking.scorer import Scorer
from app.services.answering.answer import Answer
from app.services.answering.model_facts import ContextWindows
from app.services.answering.pipeline import AnswerPipeline
from app.services.answering.rewriting import FollowUpRewriter
from app.services.answering.writer import ModelWriter
from app.services.evidence.neighbours import NeighbourChunks
from app.services.evidence.quoting import Quoter
from app.services.evidence.ranking import PassageRanker
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.service import SearchService
from tests.performance.answers.judging import Figures, Judged, figures, judge
from tests.performance.answers.questions import SETS, AnswerSet, Question
from tests.performance.answers.report import report
from tests.performance.shared.database import private_database
from tests.performance.shared.evaluation import DATA, Embeddings
from tests.performance.shared.stored import store, vectors_of
from tests.support.corpus import TENANT, StoredCollections
from tests.support.processes.model_server import running_model_server
from tests.support.uncached import UncachedSearch

RERANKER = "ms-marco-minilm-l-12-v2"


class Bench:
    """One set behind the service's pipeline."""

    def __init__(self, pipeline: AnswerPipeline, data: AnswerSet, filenames: dict[int, str]) -> None:
        self._pipeline = pipeline
        self._data = data
        self._filenames = filenames

    async def measure(self, mode: str, model: str) -> dict[str, Figures]:
        kinds = {
            "answerable": self._data.answerable,
            "off topic": self._data.off_topic,
            "unanswered": self._data.unanswered,
        }
        return {
            kind: figures([await self._ask(one, mode, model) for one in asked])
            for kind, asked in kinds.items()
            if asked
        }

    async def _ask(self, question: Question, mode: str, model: str) -> Judged:
        request = AnswerRequest(TENANT, self._data.documents.name, question.text, mode=mode, model=model)
        answer = Answer(time.perf_counter())
        async for event in self._pipeline.answer(request):
            answer.add(event)
        answer.seconds = answer.elapsed()
        documents = {source.citation: self._filenames[source.chunk_id] for source in answer.sources}
        return judge(question, answer, documents)


@asynccontextmanager
async def opened(
    database: Database, data: AnswerSet, embeddings: Embeddings, url: str, chat_url: str
) -> AsyncIterator[Bench]:
    filenames = await store(database, data.documents, await vectors_of(data.documents, embeddings))

    async def embed_query(_: Collection, text: str) -> Vector:
        return (await embeddings.embed([text]))[0]

    statistics = LexemeStatistics(database)
    client = OllamaClient([chat_url], max_concurrency=1)
    reranker = RerankClient(httpx.AsyncClient(base_url=url, timeout=60, trust_env=False), RERANKER)
    try:
        ranker = PassageRanker(Scorer(reranker, budget=30), RERANKER)
        writer = ModelWriter(
            client, prompts=PromptBuilder(), contexts=ContextWindows(client), surroundings=NeighbourChunks(database)
        )
        search = UncachedSearch(SearchService(database, StoredCollections(database), embed_query, statistics))
        pipeline = AnswerPipeline(
            search,
            writer,
            rewriter=FollowUpRewriter(),
            ranker=ranker,
            quoter=Quoter(ranker, most=2),
            gate=AnswerGate(RERANKER),
        )
        await reranker.logits("warm", ["up"])
        yield Bench(pipeline, data, filenames)
    finally:
        await statistics.close()
        await client.aclose()
        await reranker.aclose()


async def main(names: Sequence[str], most: int, models: Sequence[str], folder: Path) -> None:
    embeddings = Embeddings(folder / "embeddings.sqlite")
    results: dict[tuple[str, str, str], Figures] = {}
    with bundled_models(folder) as url:
        chat_url = os.environ.get("OLLAMA_BASE_URL", url)
        for name in names:
            print(name, flush=True)
            async with (
                private_database() as (database, _),
                opened(database, SETS[name](most), embeddings, url, chat_url) as bench,
            ):
                for mode, model in [(QUOTE, ""), *((GENERATE, model) for model in models)]:
                    for kind, found in (await bench.measure(mode, model)).items():
                        results[model or mode, name, kind] = found
    report(results, folder, f"{most} questions of {' '.join(names)}")


@contextmanager
def bundled_models(folder: Path) -> Iterator[str]:
    with running_model_server(folder / "models.log") as running:
        yield running.url


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="*", default=list(SETS), metavar="SET", help=" ".join(SETS))
    parser.add_argument("--questions", type=int, default=500, help="of each set, at most")
    parser.add_argument("--models", nargs="*", default=[], help="chat models to ask as well")
    given = parser.parse_args()
    if DATA.is_dir():
        folder = Path(os.environ.get("BENCH_CACHE", "bench-results"))
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(main(given.sets, given.questions, given.models, folder))
    else:
        print("The shared evaluation data is not here; nothing was measured.")
