"""Ollama's own client, unchanged, on a real service."""

from collections.abc import Iterator

import ollama
import pytest

MODEL = "smollm2:135m"
MESSAGES = [{"role": "user", "content": "How many days of leave does an employee have?"}]


@pytest.fixture
def client(service_url: str) -> Iterator[ollama.Client]:
    with ollama.Client(host=f"{service_url}/ollama", trust_env=False) as made:
        yield made


def test_collections_are_listed_beside_models(client: ollama.Client) -> None:
    names = {model.model for model in client.list().models}
    assert {"localchat", "localchat/default", MODEL} <= names
    assert client.show("localchat/default").capabilities == ["completion"]
    assert client.ps().models == []


def test_documents_answer_with_the_cited_sources_below(client: ollama.Client) -> None:
    text = client.chat("localchat", MESSAGES).message.content or ""
    answer, _, references = text.rpartition("\n\n")
    assert "thirty days" in answer
    assert references.startswith("[1] [handbook.md](http://127.0.0.1:")
    streamed = list(client.chat("localchat:latest", MESSAGES, stream=True))
    assert "".join(line.message.content or "" for line in streamed) == text
    assert streamed[-1].done


def test_a_prompt_is_answered_like_a_chat(client: ollama.Client) -> None:
    assert "thirty days" in (client.generate("localchat", MESSAGES[0]["content"]).response or "")
    assert (
        client.generate(MODEL, "Say hello.", options={"num_predict": 3, "temperature": 0}).done_reason == "length"
    )


def test_a_model_is_loaded_by_an_empty_request(client: ollama.Client) -> None:
    assert client.chat("localchat", []).done_reason == "load"
    assert client.generate(MODEL, "").done_reason == "load"


def test_texts_are_embedded(client: ollama.Client) -> None:
    assert [len(vector) for vector in client.embed("all-minilm", ["leave", "travel"]).embeddings] == [384, 384]


def test_errors_are_those_of_the_client(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError, match="no collection called 'nowhere'") as missing:
        client.chat("localchat/nowhere", MESSAGES)
    assert missing.value.status_code == 404
    with pytest.raises(ollama.ResponseError, match="not on the server"):
        list(client.chat("nothing", MESSAGES, stream=True))
    with pytest.raises(ollama.ResponseError, match=r"^format: "):
        client.chat("localchat", MESSAGES, format="json")
