"""What `/v1/rerank` and the models beside it must do, on the embedded model server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from app.embedded.model_server.models.catalog import BGE_FOLDER, MODELS_WHEEL, RERANKER_FOLDER, digest, locate
from tests.support.processes.model_server import running_model_server

RERANKER = "ms-marco-minilm-l-12-v2"
QUESTION = "How many people live in Berlin?"
PASSAGES = [
    "Berlin is well known for its museums.",
    "Berlin had a population of 3,520,031 registered inhabitants in an area of 891.82 square kilometers.",
    "The ferry leaves at 7:40.",
]
# The digests of the files that thresholds and figures were measured with.
DIGESTS = {
    f"{RERANKER_FOLDER}/model.onnx": "1225ccd6afd0f1b43a1b08bf67cd1cb68c05aafb443e9d8450015b8b3837ffd1",
    f"{RERANKER_FOLDER}/tokenizer.json": "cb374d6bc042c22455946f4e09a89d29882a199fdaf8fb25be00dc8b8857a448",
    f"{BGE_FOLDER}/model.onnx": "68807e3ff2abb83cdd708d8243fd398246e397bfee2ba611c2bad728e27df743",
    f"{BGE_FOLDER}/tokenizer.json": "d241a60d5e8f04cc1b2b3e9ef7a4921b27bf526d9f6050ab90f9267a1f9e5c66",
}


@pytest.fixture(scope="module")
def api(server_folder: Path) -> Iterator[httpx.Client]:
    with (
        running_model_server(server_folder / "reranking.log") as running,
        httpx.Client(base_url=running.url, timeout=40, trust_env=False) as client,
    ):
        yield client


def rerank(api: httpx.Client, documents: Any = PASSAGES, **fields: Any) -> httpx.Response:
    return api.post("/v1/rerank", json={"model": RERANKER, "query": QUESTION, "documents": documents, **fields})


@pytest.mark.parametrize("file", DIGESTS)
def test_the_wheel_carries_the_files_that_were_measured(file: str) -> None:
    assert digest(locate(MODELS_WHEEL, file)) == DIGESTS[file]


def test_the_best_document_comes_first_with_a_score_between_0_and_1(api: httpx.Client) -> None:
    body = rerank(api).json()
    assert [result["index"] for result in body["results"]] == [1, 0, 2]
    scores = [result["relevance_score"] for result in body["results"]]
    assert 1 > scores[0] > 0.99
    assert 0.05 > scores[1] > scores[2] > 0
    assert body["model"] == RERANKER
    assert body["usage"]["total_tokens"] > 60
    assert "document" not in body["results"][0]


def test_top_n_and_return_documents_are_honoured(api: httpx.Client) -> None:
    documents = [{"text": passage} for passage in PASSAGES]
    results = rerank(api, documents, top_n=1, return_documents=True).json()["results"]
    assert [result["document"]["text"] for result in results] == [PASSAGES[1]]


def test_scores_do_not_depend_on_what_else_is_asked(api: httpx.Client) -> None:
    together = {item["index"]: item["relevance_score"] for item in rerank(api).json()["results"]}
    alone = [rerank(api, [passage]).json()["results"][0]["relevance_score"] for passage in PASSAGES]
    assert [together[index] for index in range(3)] == alone


def test_of_a_long_query_the_beginning_and_the_end_are_read(api: httpx.Client) -> None:
    filler = " ".join(f"word{number}" for number in range(3000))

    def score(query: str) -> float:
        score: float = rerank(api, PASSAGES[:1], query=query).json()["results"][0]["relevance_score"]
        return score

    assert len({score(filler), score(f"{filler} {QUESTION}"), score(f"{QUESTION} {filler}")}) == 3


def test_a_document_longer_than_the_context_is_read_from_its_beginning(api: httpx.Client) -> None:
    long = f"{PASSAGES[1]} {PASSAGES[2] * 2000}"
    results = rerank(api, [long, PASSAGES[2]]).json()["results"]
    assert results[0]["index"] == 0
    assert rerank(api, [long]).json()["usage"]["total_tokens"] == 512


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"model": "none"}, 404),
        ({"model": "all-minilm"}, 400),
        ({"documents": []}, 400),
        ({"documents": "text"}, 400),
        ({"query": " "}, 400),
        ({"top_n": 0}, 400),
    ],
)
def test_a_request_that_cannot_be_answered_is_refused_with_a_reason(
    api: httpx.Client, fields: dict[str, Any], status: int
) -> None:
    response = rerank(api, **fields)
    assert response.status_code == status
    assert response.json()["error"]


def test_models_are_listed_with_what_they_are_for(api: httpx.Client) -> None:
    listed = {model["name"]: model["capabilities"] for model in api.get("/api/tags").json()["models"]}
    assert listed[f"{RERANKER}:latest"] == ["rerank"]
    assert listed["bge-small-en-v1.5:latest"] == ["embedding"]


def test_a_reranker_neither_embeds_nor_chats(api: httpx.Client) -> None:
    assert api.post("/api/embed", json={"model": RERANKER, "input": "a"}).status_code == 501
    assert api.post("/api/chat", json={"model": RERANKER, "messages": []}).status_code == 400


def test_bge_embeds_512_tokens_and_tells_subjects_apart(api: httpx.Client) -> None:
    def embed(texts: list[str], **fields: Any) -> httpx.Response:
        return api.post("/api/embed", json={"model": "bge-small-en-v1.5", "input": texts, **fields})

    query, museum, people, ferry = np.array(embed([QUESTION, *PASSAGES]).json()["embeddings"])
    assert np.linalg.norm(query) == pytest.approx(1, abs=1e-5)
    assert query @ people > query @ museum > query @ ferry
    assert embed(["word " * 400], truncate=False).status_code == 200
    assert embed(["word " * 600], truncate=False).status_code == 400
