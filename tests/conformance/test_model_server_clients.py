"""The embedded model server seen by clients made for Ollama, unchanged."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import ollama
import pytest
from langchain_ollama import ChatOllama, OllamaEmbeddings
from pydantic import BaseModel

from tests.support.processes.model_server import ModelServer, running_model_server

CHAT = "smollm2:135m"
GREEDY = {"temperature": 0, "seed": 1, "num_predict": 6}
MESSAGES = [{"role": "user", "content": "Say hello."}]
SECRET = "a-secret-of-the-model-server"


@pytest.fixture(scope="module")
def server(server_folder: Path) -> Iterator[ModelServer]:
    with running_model_server(server_folder / "clients.log", token=SECRET) as running:
        yield running


@pytest.fixture
def client(server: ModelServer) -> Iterator[ollama.Client]:
    with ollama.Client(host=server.url, headers={"Authorization": f"Bearer {SECRET}"}, trust_env=False) as made:
        yield made


def url_with_secret(server: ModelServer) -> str:
    return server.url.replace("http://", f"http://localchat:{SECRET}@")


async def close(made: OllamaEmbeddings | ChatOllama) -> None:
    """Close the connections, which langchain leaves to the garbage collector."""
    sync_client: Any = made._client
    async_client: Any = made._async_client
    sync_client.close()
    await async_client.close()


def test_ollama_client_lists_shows_and_pulls(client: ollama.Client) -> None:
    assert {"all-minilm:latest", CHAT} <= {model.model for model in client.list().models}
    shown = client.show("all-minilm")
    assert shown.capabilities == ["embedding"]
    assert shown.modelinfo is not None
    assert shown.modelinfo["bert.embedding_length"] == 384
    assert [progress.status for progress in client.pull("all-minilm", stream=True)][-1] == "success"


def test_ollama_client_embeds_and_sees_what_is_loaded(client: ollama.Client) -> None:
    response = client.embed("all-minilm", ["hello", "world"], keep_alive=600)
    assert [len(vector) for vector in response.embeddings] == [384, 384]
    assert response.prompt_eval_count == 6
    assert [model.model for model in client.ps().models] == ["all-minilm:latest"]


def test_ollama_client_raises_the_servers_errors(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="try pulling it first") as missing:
        client.embed("nope", "x")
    assert missing.value.status_code == 404
    with pytest.raises(ollama.ResponseError, match="file does not exist"):
        list(client.pull("nope", stream=True))


def test_ollama_client_chats_and_keeps_to_a_schema(client: ollama.Client) -> None:
    chunks = list(client.chat(CHAT, MESSAGES, stream=True, options=GREEDY))
    assert [chunk.done for chunk in chunks].count(True) == 1
    text = "".join(chunk.message.content or "" for chunk in chunks)
    assert client.chat(CHAT, MESSAGES, options=GREEDY).message.content == text

    class Number(BaseModel):
        even: bool

    shaped = client.chat(CHAT, MESSAGES, format=Number.model_json_schema(), options={**GREEDY, "num_predict": 30})
    assert Number.model_validate_json(shaped.message.content or "").even in (True, False)


async def test_ollama_async_client_streams(server: ModelServer) -> None:
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with ollama.AsyncClient(host=server.url, headers=headers, trust_env=False) as client:
        stream = await client.chat(CHAT, MESSAGES, stream=True, options=GREEDY)
        assert [chunk.done async for chunk in stream][-1] is True


async def test_langchain_embeds_documents_and_queries(server: ModelServer) -> None:
    embeddings = OllamaEmbeddings(
        model="all-minilm", base_url=url_with_secret(server), client_kwargs={"trust_env": False}
    )
    documents = await embeddings.aembed_documents(["a cat sat on the mat", "stocks fell sharply"])
    query = embeddings.embed_query("a kitten on a rug")
    related, unrelated = np.array(documents) @ np.array(query)
    assert related > 0.4
    assert unrelated < 0.2
    await close(embeddings)


async def test_langchain_chats(server: ModelServer) -> None:
    model = ChatOllama(
        model=CHAT,
        base_url=url_with_secret(server),
        temperature=0,
        seed=1,
        num_predict=6,
        client_kwargs={"trust_env": False},
    )
    whole = model.invoke("Say hello.")
    pieces = [piece async for piece in model.astream("Say hello.")]
    assert "".join(str(piece.content) for piece in pieces) == whole.content
    assert whole.response_metadata["done_reason"] == "length"
    await close(model)
