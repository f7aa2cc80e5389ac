"""The settings a model is loaded with, one frozen set per model."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from app.errors import InvalidInput
from app.ollama.protocol import full_name


@dataclass(frozen=True, slots=True)
class RunnerOptions:
    """What a change of makes Ollama load the model again. Unset ones are not sent: a null counts as given."""

    num_ctx: int | None = None
    num_batch: int | None = None
    num_gpu: int | None = None
    num_thread: int | None = None

    def given(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


class FrozenOptions:
    """Remembers the first options of each model and refuses others, which would reload it at every change."""

    def __init__(self, options: Mapping[str, RunnerOptions]) -> None:
        self._options = {full_name(model): chosen for model, chosen in options.items()}

    def of(self, model: str, *, num_ctx: int | None = None) -> dict[str, Any]:
        """Return the options to send for `model`; `num_ctx` (tokens) is fixed by its first use.

        Raises:
            InvalidInput: the model is in use with another context.
        """
        frozen = self._options.setdefault(full_name(model), RunnerOptions(num_ctx=num_ctx))
        if num_ctx not in {None, frozen.num_ctx}:
            raise InvalidInput(f"{model} is in use with a context of {frozen.num_ctx} tokens, not {num_ctx}.")
        return frozen.given()
