"""The models of a pool of endpoints: listed, described, pulled, loaded."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from app.domain.names import canonical_model
from app.errors import ModelError, ModelNotFound, ModelUnsuitable
from app.ollama.endpoint import Endpoint
from app.ollama.protocol import (
    EndpointStatus,
    ModelInfo,
    PullProgress,
    RunningModel,
    parse_pull,
    parse_running,
    parse_tags,
    shape,
)
from app.ollama.thinking import Habit, habit_of, unasked_tokens
from app.ollama.transport import Timeouts

T = TypeVar("T")


class Catalog:
    """Asks every endpoint, outside the lanes: none of these requests costs a model any work.

    An endpoint that fails is passed over as long as another answers.
    """

    def __init__(self, endpoints: Sequence[Endpoint], *, timeouts: Timeouts) -> None:
        self._endpoints = endpoints
        self._timeouts = timeouts
        self._known: dict[str, ModelInfo] = {}
        self._habits: dict[str, Habit] = {}
        self._learned: dict[str, Habit] = {}

    async def models(self) -> list[ModelInfo]:
        """List the models of all endpoints, by name.

        Raises:
            ModelError: no endpoint answers.
        """
        found = {info.name: info for infos in await self._from_all(self._tags) for info in infos}
        return [found[name] for name in sorted(found)]

    async def show(self, model: str) -> ModelInfo:
        """Describe a model, with its dimension, context length and capabilities.

        Raises:
            ModelNotFound: no endpoint has it.
            ModelUnsuitable: two endpoints have different versions of it, whose vectors would be mixed.
        """
        name = canonical_model(model)
        infos = [info for infos in await self._from_all(self._tags) for info in infos]
        listed = [info for info in infos if canonical_model(info.name) == name]
        if not listed:
            raise ModelNotFound(f"The model {model} is not on the server; pull it first.")
        if len({info.digest for info in listed}) > 1:
            raise ModelUnsuitable(f"The model servers hold different versions of {model}.")

        async def ask(endpoint: Endpoint) -> ModelInfo:
            payload = {"model": model}
            seconds = self._timeouts.facts
            shown = await endpoint.json(
                "POST", "/api/show", payload, model=model, operation="show", timeout=seconds
            )
            dimension, context_length = shape(shown)
            habit = self._habits[name] = self._learned.get(name) or habit_of(name, shown)
            return replace(
                listed[0],
                capabilities=frozenset(shown.get("capabilities") or ()),
                dimension=dimension,
                context_length=context_length,
                thinking_tokens=unasked_tokens(habit),
            )

        self._known[name] = (await self._from_all(ask))[0]
        return self._known[name]

    async def known(self, model: str) -> ModelInfo:
        """Describe a model as `show` does, asking only once."""
        return self._known.get(canonical_model(model)) or await self.show(model)

    async def habit(self, model: str) -> Habit:
        """Return how a model thinks: as its replies showed, else as its description says."""
        name = canonical_model(model)
        if name not in self._habits:
            await self.known(model)
        return self._habits[name]

    def learn(self, model: str, habit: Habit) -> None:
        """Note how a model thinks, as its reply showed."""
        name = canonical_model(model)
        self._learned[name] = self._habits[name] = habit

    async def running(self) -> list[RunningModel]:
        async def ask(endpoint: Endpoint) -> list[RunningModel]:
            listed = await endpoint.json("GET", "/api/ps", operation="list models", timeout=self._timeouts.facts)
            return parse_running(listed, endpoint.name)

        return [model for models in await self._from_all(ask) for model in models]

    async def pull(self, model: str) -> AsyncGenerator[PullProgress, None]:
        """Download a model to each endpoint in turn.

        The first step comes together with the second: until then it is not known that the registry has the model.

        Raises:
            ModelNotFound: the registry has no such model.
            ModelError: a download failed; those finished before stay.
        """
        self._known.pop(canonical_model(model), None)
        for endpoint in self._endpoints:
            payload = {"model": model, "stream": True}
            async with endpoint.lines("/api/pull", payload, model=model, operation="pull") as lines:
                first = await anext(lines, None)
                second = await anext(lines, None)
                for line in filter(None, (first, second)):
                    yield parse_pull(line, endpoint.name)
                async for line in lines:
                    yield parse_pull(line, endpoint.name)

    async def ping(self, timeout: float | None = None) -> list[EndpointStatus]:  # noqa: ASYNC109 - for each endpoint
        """Ask each endpoint for its version. One that takes longer than `timeout` seconds counts as failed."""
        seconds = self._timeouts.connect if timeout is None else timeout
        return list(await asyncio.gather(*(self._ping(endpoint, seconds) for endpoint in self._endpoints)))

    async def names(self, endpoint: str) -> frozenset[str]:
        """The canonical names of the models that the endpoint called `endpoint` has.

        Raises:
            ModelError: it does not answer.
        """
        (found,) = [item for item in self._endpoints if item.name == endpoint][:1]
        return frozenset(canonical_model(info.name) for info in await self._tags(found))

    async def _tags(self, endpoint: Endpoint) -> list[ModelInfo]:
        listed = await endpoint.json("GET", "/api/tags", operation="list models", timeout=self._timeouts.facts)
        return parse_tags(listed)

    async def _ping(self, endpoint: Endpoint, limit: float) -> EndpointStatus:
        started = time.perf_counter()
        version = seconds = error = None
        try:
            async with asyncio.timeout(limit):
                answer = await endpoint.json("GET", "/api/version", operation="answer")
        except TimeoutError:
            error = f"The model server did not answer within {limit:g} s."
        except ModelError as failure:
            error = failure.detail
        else:
            version, seconds = str(answer.get("version")), time.perf_counter() - started
        return EndpointStatus(
            endpoint=endpoint.name,
            circuit=endpoint.breakers.server.state,
            version=version,
            seconds=seconds,
            error=error,
            bulk_requests=endpoint.bulk,
            bulk_limit=endpoint.window.requests,
        )

    async def _from_all(self, ask: Callable[[Endpoint], Awaitable[T]]) -> list[T]:
        failures: list[ModelError] = []

        async def attempt(endpoint: Endpoint) -> list[T]:
            try:
                return [await ask(endpoint)]
            except ModelError as failure:
                failures.append(failure)
                return []

        answers = await asyncio.gather(*(attempt(endpoint) for endpoint in self._endpoints))
        good = [answer for found in answers for answer in found]
        if not good:
            raise failures[0]
        return good


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Ollama adds neither, so the caller of an embedding does."""

    query: str = ""
    document: str = ""


_PASSAGES = Prefixes(query="Represent this sentence for searching relevant passages: ")
_TASK = "Given a web search query, retrieve relevant passages that answer the query"

# From the models' cards, by what their names contain: the longest that fits counts. bge-m3 wants none.
_PREFIXES = {
    "": Prefixes(),
    "nomic-embed-text": Prefixes("search_query: ", "search_document: "),
    "multilingual-e5": Prefixes("query: ", "passage: "),
    "multilingual-e5-large-instruct": Prefixes(query=f"Instruct: {_TASK}\nQuery: "),
    "mxbai-embed-large": _PASSAGES,
    "snowflake-arctic-embed": _PASSAGES,
    "snowflake-arctic-embed2": Prefixes(query="query: "),
    "embeddinggemma": Prefixes("task: search result | query: ", "title: none | text: "),
    "qwen3-embedding": Prefixes(query=f"Instruct: {_TASK}\nQuery:"),
}


# Models whose vectors may be cut, from their cards: they were trained so that the first numbers hold the most.
_MATRYOSHKA = frozenset(
    {"nomic-embed-text", "mxbai-embed-large", "snowflake-arctic-embed2", "embeddinggemma", "qwen3-embedding"}
)


def prefixes_for(model: str) -> Prefixes:
    """Return the prefixes of a model by its name, whatever its publisher, version and tag; none if it has none."""
    family = _family(model)
    return _PREFIXES[max((name for name in _PREFIXES if name in family), key=len, default="")]


def can_be_shortened(model: str) -> bool:
    """Whether the first numbers of a model's vectors, made unit length again, are vectors that may be used."""
    family = _family(model)
    return any(name in family for name in _MATRYOSHKA)


def _family(model: str) -> str:
    return canonical_model(model).rpartition("/")[2].partition(":")[0]
