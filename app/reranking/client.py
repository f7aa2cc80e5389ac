"""The client of a reranker: one question and passages in, a logit for each passage out."""

from collections.abc import Callable, Mapping, Sequence

import httpx
from opentelemetry.trace import SpanKind

from app.errors import ModelProtocolError, ModelUnavailable
from app.reranking.protocol import as_logit, encode_request, parse_scores
from app.telemetry import tracing

_ROUTE = "/v1/rerank"
# Texts in one request. Some servers refuse more than 64.
_BATCH = 64


class RerankClient:
    """Asks a server's `/v1/rerank`.

    Servers answer with logits (llama.cpp) or with their sigmoid (most others). Scores are taken for logits once
    one of them was not between 0 and 1.

    Args:
        http: sends the requests; closed with this client.
        model: the reranker's name on the server.
        headers: those of the current request, by which the server's log lines are found.
    """

    def __init__(
        self, http: httpx.AsyncClient, model: str, *, headers: Callable[[], Mapping[str, str]] = dict
    ) -> None:
        self.model = model
        self._http = http
        self._headers = headers
        self._gives_logits = False

    async def logits(self, question: str, texts: Sequence[str]) -> list[float]:
        """How well each text answers the question, in the order of the texts; 0 is even odds.

        Raises:
            ModelUnavailable: the server is away, busy or fails.
            ModelProtocolError: it answers what cannot be used.
        """
        scores: list[float] = []
        with tracing.span("POST /v1/rerank", SpanKind.CLIENT, {"rag.rerank.texts": len(texts)}):
            for start in range(0, len(texts), _BATCH):
                scores += await self._ask(question, texts[start : start + _BATCH])
        self._gives_logits |= any(not 0 <= score <= 1 for score in scores)
        return scores if self._gives_logits else [as_logit(score) for score in scores]

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _ask(self, question: str, texts: Sequence[str]) -> list[float]:
        headers = {**self._headers(), "content-type": "application/json"}
        content = encode_request(self.model, question, texts)
        try:
            response = await self._http.post(_ROUTE, content=content, headers=headers)
        except httpx.DecodingError:
            raise ModelProtocolError("The reranker's answer cannot be decoded.") from None
        except httpx.RequestError:
            raise ModelUnavailable("The reranker cannot be reached.") from None
        if not response.is_success:
            raise ModelUnavailable(f"The reranker refused to score passages (HTTP {response.status_code}).")
        return parse_scores(response.content, len(texts))
