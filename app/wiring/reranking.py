"""Builds the reranker's client, where there is one."""

from app.ollama.transport import Timeouts, connect, parse_address
from app.reranking.client import RerankClient
from app.reranking.scorer import Scorer
from app.settings import NO_RERANKER
from app.telemetry import correlation
from app.wiring.core import Core

# Seconds. The scorer gives up sooner; this ends what a server goes on with.
_LONGEST = 30.0


def open_reranker(core: Core) -> tuple[Scorer | None, str]:
    """What scores passages, and the reranker's name; None and "" if none is set up."""
    settings = core.settings
    if settings.rerank_base_url is None or settings.rerank_model == NO_RERANKER:
        return None, ""
    http = connect(parse_address(settings.rerank_base_url), timeouts=Timeouts(read=_LONGEST))
    client = RerankClient(http, settings.rerank_model, headers=correlation.headers)
    core.stack.push_async_callback(client.aclose)
    return Scorer(client, budget=settings.rerank_timeout), settings.rerank_model
