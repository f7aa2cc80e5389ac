"""How many tokens each chat model is loaded with: asked once, since another size would load the model again."""

from typing import Protocol


class ModelFacts(Protocol):
    @property
    def context_length(self) -> int | None: ...


class Describes(Protocol):
    async def show(self, model: str) -> ModelFacts: ...


class ContextWindows:
    """
    Args:
        models: says what a model could hold.
        longest: tokens that a model is loaded with at most, whatever it could hold; memory grows with them.
    """

    def __init__(self, models: Describes, *, longest: int = 4096) -> None:
        self._models = models
        self._longest = longest
        self._known: dict[str, int] = {}

    async def of(self, model: str) -> int:
        """
        Raises:
            ModelError: there is no such model, or no server answers.
        """
        if model not in self._known:
            length = (await self._models.show(model)).context_length
            self._known[model] = min(length or self._longest, self._longest)
        return self._known[model]
