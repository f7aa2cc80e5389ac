"""Request bodies. Unknown fields are ignored, as in Ollama; null means absent."""

from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, Field, ValidationError

from app.embedded.model_server.routes.durations import DEFAULT_KEEP_ALIVE, KeepAlive
from app.embedded.model_server.routes.errors import OllamaError

Body = TypeVar("Body", bound=BaseModel)


class Options(BaseModel):
    """Sampling options; a missing one takes Ollama's default."""

    num_ctx: int | None = None
    num_predict: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    seed: int | None = None
    stop: str | list[str] | None = None
    repeat_penalty: float | None = None
    repeat_last_n: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None


class ModelRequest(BaseModel):
    model: str = ""
    name: str = ""
    stream: bool | None = None

    @property
    def named(self) -> str:
        """The model's name; `name` is the older spelling."""
        return self.model or self.name


class TimedRequest(BaseModel):
    model: str = ""
    keep_alive: KeepAlive | None = None
    options: Options | None = None

    @property
    def seconds_kept(self) -> float:
        return DEFAULT_KEEP_ALIVE if self.keep_alive is None else self.keep_alive


class EmbedRequest(TimedRequest):
    input: Any = None
    truncate: bool | None = None
    dimensions: int | None = None


class NativeMessage(BaseModel):
    role: str
    content: str = ""


class ChatRequest(TimedRequest):
    messages: list[NativeMessage] | None = None
    stream: bool | None = None
    format: Any = None
    think: bool | str | None = None
    tools: list[Any] | None = None
    truncate: bool | None = None


class RerankDocument(BaseModel):
    text: str


class RerankRequest(BaseModel):
    """`top_n`: how many of the best to answer with; all, if it is absent."""

    model: str = ""
    query: str = ""
    documents: list[str | RerankDocument] = []
    top_n: int | None = Field(default=None, ge=1)
    return_documents: bool | None = None


def parse(body: bytes, kind: type[Body]) -> Body:
    """Read a request body, whatever its content type says.

    Raises:
        OllamaError: 400 for an empty body, for text that is not JSON and for a field of a wrong type.
    """
    if not body:
        raise OllamaError(400, "missing request body")
    try:
        return kind.model_validate(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise OllamaError(400, f"invalid JSON: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        raise OllamaError(400, f"{where}: {message}" if where else message) from None


def texts_of(value: Any) -> list[str]:
    """Return the texts of an `input` field; an empty string by itself counts as no text.

    Raises:
        OllamaError: 400 for anything but a string or a list of strings.
    """
    if value is None or value == "":
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise OllamaError(400, "invalid input type")
