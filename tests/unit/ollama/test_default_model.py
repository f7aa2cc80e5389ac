"""The chat model of questions that name none is the one that is set, or the best that the servers have."""

import asyncio
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import pytest

from app.errors import ModelUnavailable
from app.ollama.default_model import DefaultChatModel
from app.ollama.protocol import ModelInfo


def model(
    name: str, parameters: str = "", *, size: int = 1, modified: str = "", able: str = "completion"
) -> ModelInfo:
    capabilities = frozenset({able} if able else ())
    return ModelInfo(name, "sha256:1", size, modified, {"parameter_size": parameters}, capabilities)


SMALL = model("smollm2:135m", "134.52M")
EMBEDS = model("bge-m3:latest", "567M", able="embedding")


@dataclass
class Servers:
    held: Sequence[ModelInfo]
    shown: dict[str, AbstractSet[str]] = field(default_factory=dict)
    asked: int = 0
    away: bool = False
    hung: bool = False

    async def models(self) -> list[ModelInfo]:
        self.asked += 1
        if self.away:
            raise ModelUnavailable("No model server answers.")
        if self.hung:
            await asyncio.Event().wait()
        return list(self.held)

    async def capabilities(self, model: str) -> AbstractSet[str]:
        return self.shown.get(model, frozenset())


@pytest.mark.parametrize(
    ("held", "best"),
    [
        ([SMALL, EMBEDS, model("llama3.2:latest", "3.2B"), model("qwen3:0.6b", "751.63M")], "llama3.2"),
        ([model("a:7b", "7B", modified="2026-01-01"), model("b:7b", "7B", modified="2026-02-01")], "b:7b"),
        ([SMALL, model("gpt-oss:120b-cloud", "116.8B")], "smollm2:135m"),
        ([SMALL, model("unknown", size=4_000_000_000)], "unknown"),
        ([SMALL, model("my-file.q4_1", "134.52M"), EMBEDS], "my-file.q4_1"),
        ([EMBEDS], "smollm2:135m"),
        ([], "smollm2:135m"),
    ],
)
async def test_the_largest_chat_model_of_the_servers_is_the_best(held: Sequence[ModelInfo], best: str) -> None:
    assert await DefaultChatModel(Servers(held)).name() == best


async def test_a_server_whose_list_names_no_capabilities_is_asked_for_those_of_the_model() -> None:
    held = [model("bge-m3", "8B", able=""), model("old:3b", "3B", able="")]
    assert await DefaultChatModel(Servers(held, {"bge-m3": {"embedding"}})).name() == "old:3b"


async def test_a_model_that_is_set_is_not_looked_for() -> None:
    servers = Servers([])
    assert await DefaultChatModel(servers, "qwen3:8b").name() == "qwen3:8b"
    assert servers.asked == 0


async def test_a_choice_stands_for_a_while_and_longer_while_no_server_answers() -> None:
    servers = Servers([SMALL, model("llama3.2", "3.2B")])
    choice = DefaultChatModel(servers)
    assert [await choice.name() for _ in range(3)] == ["llama3.2"] * 3
    assert servers.asked == 1
    impatient = DefaultChatModel(servers, age=0.0)
    assert await impatient.name() == "llama3.2"
    servers.away = True
    assert await impatient.name() == "llama3.2"
    servers.away, servers.hung = False, True
    assert await impatient.name() == "llama3.2"


async def test_without_any_server_the_bundled_model_is_named() -> None:
    assert await DefaultChatModel(Servers([], away=True)).name() == "smollm2:135m"
