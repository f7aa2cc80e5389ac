"""OpenAI's own client and LangChain's, unchanged, on a real service."""

from collections.abc import Iterator

import openai
import pytest
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import SecretStr

MODEL = "smollm2:135m"
QUESTION = "How many days of leave does an employee have?"


@pytest.fixture
def client(service_url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{service_url}/v1", api_key="none", max_retries=0) as made:
        yield made


def test_documents_answer_with_citations_that_lead_to_the_file(client: openai.OpenAI) -> None:
    reply = client.chat.completions.create(model="localchat", messages=[{"role": "user", "content": QUESTION}])
    message = reply.choices[0].message
    assert message.content is not None
    assert "thirty days" in message.content
    assert message.annotations is not None
    cited = message.annotations[0].url_citation
    assert message.content[cited.start_index : cited.end_index] == "[1]"
    assert cited.title == "handbook.md"
    assert "Every employee has thirty days" in client.get(cited.url, cast_to=str)


def test_a_stream_has_the_same_text_and_its_usage(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="localchat/default",
        messages=[{"role": "user", "content": QUESTION}],
        stream=True,
        stream_options={"include_usage": True},
    )
    with stream:
        chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert "thirty days" in text
    assert chunks[-1].usage is not None


def test_a_model_by_its_own_name_replies_within_its_schema(client: openai.OpenAI) -> None:
    schema: dict[str, object] = {
        "type": "object",
        "properties": {"days": {"type": "integer"}},
        "required": ["days"],
    }
    reply = client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "How many days has a week? Reply in JSON."}],
        response_format={"type": "json_schema", "json_schema": {"name": "days", "schema": schema}},
        temperature=0,
        seed=1,
        max_tokens=60,
    )
    assert '"days"' in (reply.choices[0].message.content or "")


def test_errors_are_those_of_the_client(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.models.retrieve("nothing-of-the-kind")
    assert missing.value.code == "not_found"
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        client.chat.completions.create(
            model="localchat", messages=[{"role": "user", "content": QUESTION}], logprobs=True
        )
    assert (refused.value.type, refused.value.param) == ("invalid_request_error", "logprobs")
    with pytest.raises(openai.NotFoundError, match="no collection"):
        client.chat.completions.create(model="localchat/nowhere", messages=[{"role": "user", "content": QUESTION}])


def test_models_are_listed_and_found(client: openai.OpenAI) -> None:
    names = {model.id for model in client.models.list()}
    assert {"localchat", "localchat/default", MODEL} <= names
    assert client.models.retrieve("localchat/default").id == "localchat/default"


def test_embeddings_are_those_of_the_model(client: openai.OpenAI) -> None:
    reply = client.embeddings.create(model="all-minilm", input=["leave", "travel"])
    assert [len(item.embedding) for item in reply.data] == [384, 384]
    with pytest.raises(openai.UnprocessableEntityError, match="384 dimensions"):
        client.embeddings.create(model="all-minilm", input="leave", dimensions=128)


def test_responses_are_text_with_citations(client: openai.OpenAI) -> None:
    reply = client.responses.create(model="localchat", input=QUESTION)
    assert "thirty days" in reply.output_text
    with client.responses.stream(model="localchat", input=QUESTION) as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        assert text == stream.get_final_response().output_text
    assert "thirty days" in text


async def test_langchain_chats_streams_and_embeds(service_url: str) -> None:
    base_url, key = f"{service_url}/v1", SecretStr("none")
    chat = ChatOpenAI(model="localchat", base_url=base_url, api_key=key)
    assert "thirty days" in str((await chat.ainvoke(QUESTION)).content)
    pieces = [str(piece.content) async for piece in chat.astream(QUESTION)]
    assert "thirty days" in "".join(pieces)
    embeddings = OpenAIEmbeddings(
        model="all-minilm", base_url=base_url, api_key=key, check_embedding_ctx_length=False
    )
    assert len(await embeddings.aembed_query("leave")) == 384
