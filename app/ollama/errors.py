"""From what went wrong on the wire to the error tree, by status and by the server's own words.

The words are matched, never repeated: a server may echo the text it was given.
"""

import re
from dataclasses import dataclass

import httpx
import orjson

from app.errors import (
    InputTooLong,
    ModelBusy,
    ModelCrashed,
    ModelError,
    ModelLoadFailed,
    ModelNotFound,
    ModelProtocolError,
    ModelTimeout,
    ModelUnavailable,
    ModelUnsuitable,
    UnusableEmbedding,
)


@dataclass(frozen=True, slots=True)
class _Known:
    words: re.Pattern[str]
    error: type[ModelError]
    detail: str


def _known(words: str, error: type[ModelError], detail: str) -> _Known:
    return _Known(re.compile(words, re.IGNORECASE), error, detail)


# In order: the first repeats a model's name, which can hold any word; the last can speak of anything.
_MESSAGES = (
    _known(r"model .*not found", ModelNotFound, "The model {model} is not on the server; pull it first."),
    _known(r"file does not exist|invalid model name", ModelNotFound, "The model registry has no {model}."),
    _known(
        r"requires more system memory|out of memory|unable to allocate",
        ModelLoadFailed,
        "{model} needs more memory than the server has.",
    ),
    _known(
        r"unable to load model|error loading model|unknown model architecture",
        ModelLoadFailed,
        "The model server cannot load {model}.",
    ),
    _known(r"server busy", ModelBusy, "The model server takes no more requests for {model} now."),
    _known(r"context length|context size", InputTooLong, "A text is longer than the context of {model}."),
    _known(r"\bNaN\b|unsupported value", UnusableEmbedding, "{model} gives no finite vector for a text."),
    _known(r"does not support", ModelUnsuitable, "{model} cannot {operation}."),
    _known(
        r"\bEOF\b|connection re(set|fused)|broken pipe|forcibly closed|do embedding request|runner",
        ModelCrashed,
        "The runner of {model} died while working.",
    ),
)
# 429 is about one model, as rate limits are; the others come from a proxy that does not reach the server.
_BUSY = {429: ModelBusy, 502: ModelUnavailable, 503: ModelUnavailable, 504: ModelUnavailable}
_SERVER_ERROR = 500


def from_answer(status: int, body: bytes, *, model: str, operation: str) -> ModelError:
    """Map an error answer, or an error line within a stream, which counts as status 500."""
    message = _message(body)
    for known in _MESSAGES:
        if known.words.search(message):
            return known.error(known.detail.format(model=model, operation=operation))
    if status in _BUSY:
        return _BUSY[status](f"The model server is busy (HTTP {status}).")
    if status >= _SERVER_ERROR:
        return ModelUnsuitable(f"{model} cannot {operation}.") if status == 501 else _crashed(model)  # noqa: PLR2004
    if status in {401, 403}:
        return ModelError(f"The model server refused access (HTTP {status}); check its address and credentials.")
    if status in {404, 405}:
        return ModelProtocolError(f"The address has no route to {operation}; is it a model server?")
    return ModelError(f"The model server refused to {operation} (HTTP {status}).")


def from_transport(error: httpx.RequestError, *, model: str) -> ModelError:
    """Map what httpx raises. Its text is left out: it can hold an address with credentials."""
    if isinstance(error, httpx.ReadTimeout) and model:
        # The liveness check saw that the server answers other requests meanwhile.
        return ModelTimeout(f"{model} did not answer in time.")
    if isinstance(error, httpx.DecodingError):
        return ModelProtocolError("The model server's answer cannot be decoded.")
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ConnectError):
        return ModelUnavailable("The model server cannot be reached.")
    if isinstance(error, httpx.TimeoutException):
        return ModelUnavailable("The model server did not answer in time.")
    return ModelUnavailable("The connection to the model server broke.")


def _crashed(model: str) -> ModelError:
    return ModelCrashed(f"The server failed while {model} was working.")


def _message(body: bytes) -> str:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    message = value.get("error") if isinstance(value, dict) else None
    return message if isinstance(message, str) else ""
