"""How an answer is made when the request does not say."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from app.domain.answers import AUTO, GENERATE, QUOTE, AnswerRequest
from app.errors import ModelError
from app.services.answering.cached import Directory

ANSWER = "answer"
# Chat models that write too poorly to answer people: SmolLM2 has 11 of 32 questions of SQuAD right with the passage
# in hand, and refuses none of 16 that it does not answer.
_TOO_SMALL = frozenset({"smollm2:135m", "smollm2:360m", "smollm:135m"})


class _Models(Protocol):
    async def of(self, model: str) -> str:
        """Raises ModelError if there is no such model."""


class AnswerModes:
    """
    Args:
        directory: finds collections by name.
        models: says whether a model is there.
        default_mode: of a request and a collection that say nothing.
        default_model: the chat model of a request that names none.
    """

    def __init__(self, directory: Directory, models: _Models, *, default_mode: str, default_model: str) -> None:
        self._directory = directory
        self._models = models
        self._default_mode = default_mode
        self._default_model = default_model

    async def complete(self, request: AnswerRequest) -> AnswerRequest:
        """The request with its model and with a mode that is not `AUTO`.

        A model that the request names is asked, however small it is.

        Raises:
            NotFound: there is no such collection.
        """
        model = request.model or self._default_model
        mode = request.mode
        if not mode:
            collection = await self._directory.resolve(request.tenant, request.collection)
            given: Mapping[str, Any] = collection.settings.get(ANSWER) or {}
            mode = given.get("mode") or self._default_mode
        if mode == AUTO:
            mode = GENERATE if request.model or await self._is_worth_asking(model) else QUOTE
        return replace(request, model=model, mode=mode)

    async def _is_worth_asking(self, model: str) -> bool:
        if model in _TOO_SMALL:
            return False
        try:
            await self._models.of(model)
        except ModelError:
            return False
        return True
