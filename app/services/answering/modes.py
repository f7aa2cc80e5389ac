"""How an answer is made when the request does not say."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields, replace
from typing import Any, Protocol

from app.domain.answers import AUTO, DEFAULT_MAX_TOKENS, DETAILED, GENERATE, QUOTE, AnswerRequest, AnswerStyle
from app.errors import ModelError
from app.generation.prompting.prompt_profile import TOO_SMALL
from app.services.answering.cached import Directory

ANSWER = "answer"
# Settings of a collection, and the fields of a request that they stand for. Those of the style have one name.
_SETTINGS = {
    "passages": "top_k",
    "temperature": "temperature",
    "max_tokens": "max_tokens",
    "thinking": "thinking",
    "max_context": "max_context",
}
_DETAILED_TOKENS = 3 * DEFAULT_MAX_TOKENS


class _Models(Protocol):
    async def of(self, model: str) -> str:
        """Raises ModelError if there is no such model."""


class AnswerModes:
    """
    Args:
        directory: finds collections by name.
        models: says whether a model is there.
        default_mode: of a request and a collection that say nothing.
        default_model: names the chat model of a request that names none.
    """

    def __init__(
        self,
        directory: Directory,
        models: _Models,
        *,
        default_mode: str,
        default_model: Callable[[], Awaitable[str]],
    ) -> None:
        self._directory = directory
        self._models = models
        self._default_mode = default_mode
        self._default_model = default_model

    async def complete(self, request: AnswerRequest) -> AnswerRequest:
        """The request with its model, a mode that is not `AUTO`, and what its collection wants of answers.

        A model that the request names is asked, however small it is.

        Raises:
            NotFound: there is no such collection.
        """
        collection = await self._directory.resolve(request.tenant, request.collection)
        wanted = collection.settings.get(ANSWER) or {}
        model = request.model or await self._default_model()
        mode = request.mode or wanted.get("mode") or self._default_mode
        if mode == AUTO:
            mode = GENERATE if request.model or await self._is_worth_asking(model) else QUOTE
        return replace(as_collection_wants(request, wanted), model=model, mode=mode)

    async def _is_worth_asking(self, model: str) -> bool:
        if model in TOO_SMALL:
            return False
        try:
            await self._models.of(model)
        except ModelError:
            return False
        return True


def as_collection_wants(request: AnswerRequest, wanted: Mapping[str, Any]) -> AnswerRequest:
    """The request with what it leaves open as its collection's settings `answer` have it."""
    open_ones = {
        field: wanted[name]
        for name, field in _SETTINGS.items()
        if wanted.get(name) is not None and field not in request.given
    }
    style = AnswerStyle(
        **{
            each.name: getattr(request.style, each.name) or wanted.get(each.name) or ""
            for each in fields(AnswerStyle)
        }
    )
    if style.length == DETAILED and "max_tokens" not in request.given.union(open_ones):
        open_ones["max_tokens"] = _DETAILED_TOKENS
    return replace(request, style=style, **open_ones)
