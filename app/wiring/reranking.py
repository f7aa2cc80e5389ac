"""Builds the reranker's client, where there is one."""

from contextlib import AsyncExitStack

from app.ollama.transport import Timeouts, connect, parse_address
from app.reranking.client import RerankClient
from app.reranking.scorer import Scorer
from app.settings import NO_RERANKER, Settings
from app.telemetry import correlation
from app.wiring.core import Core

# Seconds. The scorer gives up sooner; this ends what a server goes on with.
_LONGEST = 30.0


def open_reranker(core: Core) -> tuple[Scorer | None, str]:
    """What scores passages, and the reranker's name; None and "" if none is set up."""
    client = rerank_client(core.settings, core.stack)
    if client is None:
        return None, ""
    return Scorer(client, budget=core.settings.rerank_timeout), client.model


def rerank_client(settings: Settings, stack: AsyncExitStack) -> RerankClient | None:
    """The client of the reranker, closed with the stack; None if none is set up."""
    if settings.rerank_base_url is None or settings.rerank_model == NO_RERANKER:
        return None
    http = connect(parse_address(settings.rerank_base_url), timeouts=Timeouts(read=_LONGEST))
    client = RerankClient(http, settings.rerank_model, headers=correlation.headers)
    stack.push_async_callback(client.aclose)
    return client
