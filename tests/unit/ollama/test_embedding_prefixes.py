"""Embedding models by name: what each wants before a question and before a passage."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import numpy as np
import pytest

from app.domain.documents import Collection, EmbeddingSpace
from app.domain.retrieval import Vector
from app.ollama.catalog import can_be_shortened, prefixes_for
from app.ollama.client import OllamaClient
from app.services.search.embedding import EmbeddingService
from app.services.search.embedding_cache import EmbeddingCache
from tests.support.cache.assembly import assemble

E5_TASK = "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: "
# By the names under which an Ollama server has them: dimension, and what goes before questions and passages.
MULTILINGUAL = {
    "bge-m3": (1024, "", ""),
    "bge-m3:567m-fp16": (1024, "", ""),
    "embeddinggemma:300m": (768, "task: search result | query: ", "title: none | text: "),
    "nomic-embed-text-v2-moe": (768, "search_query: ", "search_document: "),
    "toshk0/nomic-embed-text-v2-moe:Q6_K": (768, "search_query: ", "search_document: "),
    "hf.co/nomic-ai/nomic-embed-text-v2-moe-GGUF:Q8_0": (768, "search_query: ", "search_document: "),
    "qllama/multilingual-e5-small": (384, "query: ", "passage: "),
    "jeffh/intfloat-multilingual-e5-large:f16": (1024, "query: ", "passage: "),
    "jeffh/intfloat-multilingual-e5-large-instruct:q8_0": (1024, E5_TASK, ""),
    "snowflake-arctic-embed2": (1024, "query: ", ""),
}


@dataclass
class Server:
    """Has one embedding model, and notes what it is to embed."""

    dimension: int
    embedded: list[str] = field(default_factory=list)

    async def show(self, model: str) -> Any:
        return Facts(self.dimension)

    async def embed(self, texts: Sequence[str], **_: Any) -> list[Vector]:
        self.embedded += texts
        return [np.ones(self.dimension, dtype=np.float32)] * len(texts)


@dataclass(frozen=True)
class Facts:
    dimension: int
    digest: str = "sha256:1"
    context_length: int = 8192
    capabilities: frozenset[str] = frozenset({"embedding"})


@pytest.mark.parametrize("name", MULTILINGUAL)
async def test_a_multilingual_model_works_by_its_name_with_its_prefixes(name: str) -> None:
    dimension, query, document = MULTILINGUAL[name]
    server = Server(dimension)
    service = EmbeddingService(
        cast("OllamaClient", server), EmbeddingCache(assemble().chain), batch_size=8, max_chars=1000, max_workers=1
    )
    model = await service.describe(name)
    assert (model.dimension, model.query_prefix, model.document_prefix) == (dimension, query, document)
    now = datetime(2026, 11, 1, tzinfo=UTC)
    space = EmbeddingSpace(1, name, model.digest, dimension, model.query_prefix, model.document_prefix)
    collection = Collection(1, "default", "docs", "", "simple", 1, space, now, now)
    vector = await service.embed_query(collection, "¿Cuándo sale el ferry?")
    assert (len(vector), server.embedded) == (dimension, [f"{query}¿Cuándo sale el ferry?"])


@pytest.mark.parametrize("name", ["all-minilm", "bge-small-en-v1.5", "nomic-bert", "e5-mistral"])
def test_a_model_that_wants_no_prefix_gets_none(name: str) -> None:
    assert (prefixes_for(name).query, prefixes_for(name).document) == ("", "")


def test_vectors_of_the_second_nomic_may_be_cut_too() -> None:
    assert can_be_shortened("nomic-embed-text-v2-moe")
    assert not can_be_shortened("bge-m3")
