"""Ollama's routes under `/ollama`. Collections appear as models, beside the models of the servers."""

import hashlib

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from app.api.clients import while_connected
from app.api.compatible.links import SourceLinks
from app.api.compatible.ollama_lines import LineStream, OllamaLines
from app.api.compatible.ollama_schemas import (
    OllamaChatRequest,
    OllamaEmbeddings,
    OllamaEmbedRequest,
    OllamaGenerateRequest,
    OllamaLine,
    OllamaModel,
    OllamaModels,
    OllamaShowRequest,
)
from app.api.compatible.replies import DocumentModel, DocumentOptions, document_models, replies, whole_reply
from app.api.dependencies import Asking, Provided, Services, Tenant, Within
from app.api.fast_path.direct_route import JsonRoute
from app.api.openapi import Responses, problems
from app.domain.access.caller import Caller
from app.domain.direct import DirectRequest
from app.domain.names import canonical_model
from app.errors import ModelUnavailable, NotFound
from app.generation.prompting.tokens import estimate

# The version of Ollama whose protocol this is.
_VERSION = "0.33.0"
_CAPABILITIES = {"chat": "completion", "embedding": "embedding"}

router = APIRouter(prefix="/ollama", tags=["ollama"], route_class=JsonRoute, responses=problems(401, 502, 503))
_LINES: Responses = {
    200: {"content": {"application/x-ndjson": {"schema": {"$ref": "#/components/schemas/OllamaLine"}}}}
}


@router.get("", operation_id="getOllama", response_class=PlainTextResponse)
@router.get("/", include_in_schema=False, response_class=PlainTextResponse)
async def root() -> str:
    """Say that Ollama's protocol is spoken here, in the words that its clients look for."""
    return "Ollama is running"


@router.get("/api/version", operation_id="getOllamaVersion")
async def version() -> dict[str, str]:
    """The version of Ollama whose protocol this is."""
    return {"version": _VERSION}


@router.get("/api/tags", operation_id="listOllamaModels")
async def tags(services: Provided, tenant: Tenant, within: Within) -> OllamaModels:
    """List `localchat` for the default collection, one model for each collection, and the models of the servers."""
    ours = [_collection(name) for name in await document_models(services, tenant, within)]
    return OllamaModels(models=[*ours, *await _of_servers(services)])


@router.get("/api/ps", operation_id="listOllamaRunningModels")
async def running() -> OllamaModels:
    """No model is loaded for the clients of this service alone."""
    return OllamaModels(models=[])


@router.post("/api/show", operation_id="showOllamaModel", responses=problems(400, 404, 422))
async def show(services: Provided, caller: Asking, body: OllamaShowRequest) -> dict[str, object]:
    """Describe a collection or a model."""
    documents = DocumentModel.parse(body.model)
    if documents is not None:
        await services.access.check_read(caller, documents.collection)
        await services.collections.get(caller.tenant, documents.collection)
        model = _collection(body.model)
    else:
        found = [item for item in await _of_servers(services) if canonical_model(item.name) == body.model]
        if not found:
            raise NotFound(f"model '{body.model}' not found")
        (model,) = found
    info = {"general.architecture": model.details["family"]}
    return {**model.model_dump(mode="json"), "modelfile": "", "template": "", "parameters": "", "model_info": info}


@router.post(
    "/api/chat",
    operation_id="createOllamaChat",
    response_model=OllamaLine,
    responses={**_LINES, **problems(400, 404, 422)},
)
async def chat(request: Request, services: Provided, caller: Asking, body: OllamaChatRequest) -> Response:
    """Answer from documents, or let a model reply without them."""
    lines = OllamaLines(body.model, SourceLinks(request), chat=True)
    if not body.messages:
        return _loaded(lines)
    return await _reply(request, services, caller, body.to_domain(), lines, stream=body.stream is not False)


@router.post(
    "/api/generate",
    operation_id="createOllamaCompletion",
    response_model=OllamaLine,
    responses={**_LINES, **problems(400, 404, 422)},
)
async def generate(request: Request, services: Provided, caller: Asking, body: OllamaGenerateRequest) -> Response:
    """The same for one prompt."""
    lines = OllamaLines(body.model, SourceLinks(request), chat=False)
    if not body.prompt:
        return _loaded(lines)
    return await _reply(request, services, caller, body.to_domain(), lines, stream=body.stream is not False)


@router.post("/api/embed", operation_id="createOllamaEmbeddings", responses=problems(400, 404, 422))
async def embed(
    request: Request, services: Provided, _tenant: Tenant, body: OllamaEmbedRequest
) -> OllamaEmbeddings:
    """Embed texts without any prefix. `localchat` is the default embedding model."""
    model = services.models.default_embedding if DocumentModel.parse(body.model) else body.model
    work = services.direct.embed(body.texts, model, dimensions=body.dimensions)
    vectors = await while_connected(request, work)
    tokens = sum(map(estimate, body.texts))
    return OllamaEmbeddings(
        model=body.model, embeddings=[vector.tolist() for vector in vectors], prompt_eval_count=tokens
    )


async def _reply(
    request: Request, services: Services, caller: Caller, asked: DirectRequest, lines: OllamaLines, *, stream: bool
) -> Response:
    events, whole = await replies(services, caller, asked, DocumentOptions(schema_field="format"))
    if stream:
        return LineStream(events, lines.encode, services.metrics)
    return await whole_reply(
        request, whole, lambda answer, _: Response(lines.whole(answer), media_type="application/json")
    )


def _loaded(lines: OllamaLines) -> Response:
    """Ollama's clients load a model so before they ask it."""
    return Response(lines.loaded(), media_type="application/json")


def _collection(name: str) -> OllamaModel:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return OllamaModel(
        name=name, model=name, digest=digest, details=_details("localchat"), capabilities=["completion"]
    )


async def _of_servers(services: Services) -> list[OllamaModel]:
    try:
        models = await services.models.list()
    except ModelUnavailable:
        return []
    return [
        OllamaModel(
            name=model.name,
            model=model.name,
            size=model.size_bytes or 0,
            digest=(model.digest or "").removeprefix("sha256:"),
            details=_details("ollama"),
            capabilities=[_CAPABILITIES[role] for role in model.roles],
        )
        for model in models
    ]


def _details(family: str) -> dict[str, object]:
    return {
        "format": "gguf",
        "family": family,
        "families": [family],
        "parameter_size": "",
        "quantization_level": "",
        "parent_model": "",
    }
