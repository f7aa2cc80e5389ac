"""`/v1/rerank`, as Jina, Cohere, vLLM and llama.cpp's server have it."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.embedded.model_server.models.registry import Registry, reranking_model
from app.embedded.model_server.routes.durations import DEFAULT_KEEP_ALIVE
from app.embedded.model_server.routes.errors import OllamaError
from app.embedded.model_server.routes.requests import RerankRequest, parse
from app.embedded.model_server.routes.responses import json_response


class RerankingRoutes:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def routes(self) -> list[Route]:
        return [Route("/v1/rerank", self.rerank, methods=["POST"])]

    async def rerank(self, request: Request) -> Response:
        """Score the documents, and answer with the best first; scores are from 0 to 1."""
        body = parse(await request.body(), RerankRequest)
        if not body.query.strip():
            raise OllamaError(400, "query must be a non-empty string")
        if not body.documents:
            raise OllamaError(400, "documents must be a non-empty list")
        model = reranking_model(self._registry, body.model)
        texts = [document if isinstance(document, str) else document.text for document in body.documents]
        scored = await model.rerank(body.query, texts, keep_alive=DEFAULT_KEEP_ALIVE)
        best = sorted(range(len(texts)), key=lambda index: (-scored[index].score, index))[: body.top_n]
        results = [
            {"index": index, "relevance_score": scored[index].score}
            | ({"document": {"text": texts[index]}} if body.return_documents else {})
            for index in best
        ]
        return json_response(
            {
                "object": "list",
                "model": body.model,
                "results": results,
                "usage": {"total_tokens": sum(one.tokens for one in scored)},
            }
        )
