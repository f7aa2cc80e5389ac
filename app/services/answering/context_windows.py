"""The context window (`num_ctx`) of each chat model, looked up once: Ollama reloads a model when it changes."""

from typing import Protocol


class ModelFacts(Protocol):
    @property
    def context_length(self) -> int | None: ...


class Describes(Protocol):
    async def show(self, model: str) -> ModelFacts: ...


class ContextWindows:
    """Chooses with how many tokens of context each chat model is loaded.

    Args:
        models: know how many tokens a model can hold.
        longest: the most tokens that any model is loaded with; memory grows with them.
    """

    def __init__(self, models: Describes, *, longest: int = 4096) -> None:
        self._models = models
        self._longest = longest
        self._known: dict[str, int] = {}

    async def of(self, model: str) -> int:
        """Return the tokens of context of `model`.

        Raises:
            ModelError: there is no such model, or no server answers.
        """
        if model not in self._known:
            length = (await self._models.show(model)).context_length
            self._known[model] = min(length or self._longest, self._longest)
        return self._known[model]
