"""OpenAI's embeddings and lists of models."""

import base64
import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

import numpy as np
from fastapi import APIRouter, Request
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from app.api.clients import while_connected
from app.api.compatible.openai_messages import Content, Lenient
from app.api.compatible.replies import DOCUMENTS, DocumentModel, canonical, document_models
from app.api.dependencies import Asking, Provided, Services, Tenant, Within
from app.api.fast_path.direct_route import BodyRoute
from app.api.openapi import problems
from app.api.schemas.common import ModelName
from app.domain.names import canonical_model
from app.domain.retrieval import Vector
from app.errors import ModelUnavailable, NotFound
from app.generation.prompting.tokens import estimate

router = APIRouter(prefix="/v1", tags=["openai"], route_class=BodyRoute, responses=problems(401, 502, 503))

_MOST_TEXTS = 2048  # OpenAI's own limit


def _no_tokens(value: Any) -> Any:
    items = value if isinstance(value, list) else []
    if any(isinstance(item, int | list) for item in items):
        raise ValueError(
            "send text: token ids mean something else to each model (LangChain: check_embedding_ctx_length=False)"
        )
    return value


def _some_text(value: str | list[str]) -> str | list[str]:
    texts = [value] if isinstance(value, str) else value
    if not 1 <= len(texts) <= _MOST_TEXTS:
        raise ValueError(f"give from 1 to {_MOST_TEXTS} texts")
    if not all(text.strip() for text in texts):
        raise ValueError("a text must not be blank")
    return value


class EmbeddingsRequest(Lenient):
    """`localchat` is the default embedding model."""

    model: ModelName = Field(examples=["all-minilm"])
    input: Annotated[Content | list[Content], BeforeValidator(_no_tokens), AfterValidator(_some_text)] = Field(
        examples=["How many days of leave are there?"]
    )
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(
        default=None, ge=1, le=65_536, description="Shorter vectors, from models that were trained for them"
    )

    @property
    def texts(self) -> list[str]:
        return [self.input] if isinstance(self.input, str) else self.input


class EmbeddingItem(BaseModel):
    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str


class EmbeddingsUsage(BaseModel):
    prompt_tokens: int
    total_tokens: int


class Embeddings(BaseModel):
    """Vectors of unit length in the order of the texts; base64 holds little-endian float32."""

    object: Literal["list"] = "list"
    data: list[EmbeddingItem]
    model: str
    usage: EmbeddingsUsage = Field(description="Estimated: the model servers do not count")

    @classmethod
    def of(cls, vectors: Sequence[Vector], request: EmbeddingsRequest, model: str, tokens: int) -> Self:
        def encoded(vector: Vector) -> list[float] | str:
            if request.encoding_format == "float":
                return [float(value) for value in vector]
            return base64.b64encode(vector.astype(np.dtype("<f4")).tobytes()).decode()

        items = [EmbeddingItem(index=index, embedding=encoded(vector)) for index, vector in enumerate(vectors)]
        return cls(data=items, model=model, usage=EmbeddingsUsage(prompt_tokens=tokens, total_tokens=tokens))


class OpenAIModel(BaseModel):
    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class OpenAIModels(BaseModel):
    object: Literal["list"] = "list"
    data: list[OpenAIModel]


@router.post("/embeddings", operation_id="createEmbeddings", responses=problems(400, 404, 413, 415, 422))
async def create_embeddings(
    request: Request, services: Provided, _tenant: Tenant, body: EmbeddingsRequest
) -> Embeddings:
    """Embed texts without any prefix."""
    model = services.models.default_embedding if body.model == DOCUMENTS else body.model
    work = services.direct.embed(body.texts, model, dimensions=body.dimensions)
    vectors = await while_connected(request, work)
    return Embeddings.of(vectors, body, model, sum(map(estimate, body.texts)))


@router.get("/models", operation_id="listOpenAIModels")
async def list_openai_models(services: Provided, tenant: Tenant, within: Within) -> OpenAIModels:
    """List `localchat` for the default collection, one model for each collection, and the models of the servers.

    While no model server answers, those of the servers are missing.
    """
    ours = [_model(name, "localchat") for name in await document_models(services, tenant, within)]
    return OpenAIModels(data=[*ours, *await _of_servers(services)])


@router.get("/models/{model:path}", operation_id="getOpenAIModel", responses=problems(404, 422))
async def get_openai_model(services: Provided, caller: Asking, model: str) -> OpenAIModel:
    """Look up one model by its name."""
    documents = DocumentModel.parse(model)
    if documents is not None:
        await services.access.check_read(caller, documents.collection)
        await services.collections.get(caller.tenant, documents.collection)
        return _model(model, "localchat")
    for found in await services.models.list():
        if canonical_model(found.name) == canonical(model):
            return _model(model, "ollama")
    raise NotFound(f"There is no model called {model!r}.")


async def _of_servers(services: Services) -> list[OpenAIModel]:
    try:
        return [_model(model.name, "ollama") for model in await services.models.list()]
    except ModelUnavailable:
        return []


def _model(name: str, owner: str) -> OpenAIModel:
    return OpenAIModel(id=name, created=int(time.time()), owned_by=owner)
