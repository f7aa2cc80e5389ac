"""A model server may be slow for as long as it likes, but not gone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from app.concurrency.circuit_breaker import BreakerState
from app.errors import ModelUnavailable
from app.observers.sampling import GaugeSampler
from app.ollama.client import OllamaClient
from app.ollama.scheduling.lanes import Lane
from app.ollama.transport import Timeouts
from app.telemetry.metrics import Metrics
from tests.support.fake_ollama import FakeOllama, unit_vector
from tests.support.http_server import Request, respond, send_chunk, start_stream
from tests.support.waiting import idle

if TYPE_CHECKING:
    from app.db.database import Database

QUICK = Timeouts(facts=0.3, silence=0.05, presence=0.3)

COOLDOWN = 1.0


@dataclass
class Server:
    """Answers embeddings after `seconds`; streams one piece of a chat and then nothing; `gone`, answers nothing."""

    seconds: float = 0.0
    gone: bool = False
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        self.asked.append(request.path)
        if self.gone:
            await asyncio.Event().wait()
        match request.path:
            case "/api/version":
                await respond(writer, {"version": "0.33.0"})
            case "/api/tags":
                await respond(writer, {"models": [{"name": "m:latest", "digest": "d", "size": 1}]})
            case "/api/show":
                await respond(writer, {"capabilities": ["completion"], "model_info": {}})
            case "/api/embed":
                await asyncio.sleep(self.seconds)
                await respond(writer, {"embeddings": [unit_vector(text) for text in request.json["input"]]})
            case "/api/chat":
                await start_stream(writer)
                await send_chunk(writer, b'{"message": {"content": "Ships"}}\n')
                self.gone = True
                await asyncio.Event().wait()


@pytest.fixture
async def server() -> Server:
    return Server()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[OllamaClient]:
    async with (
        FakeOllama(handler=server.answer).running() as running,
        aclosing(OllamaClient([running.url], timeouts=QUICK, cooldown=COOLDOWN)) as client,
        asyncio.timeout(60),
    ):
        yield client


async def embed(client: OllamaClient) -> int:
    return len(await client.embed(["tide"], model="m", lane=Lane.INTERACTIVE))


async def test_a_slow_server_that_is_there_is_waited_for(server: Server, client: OllamaClient) -> None:
    server.seconds = 0.4
    assert await embed(client) == 1
    assert server.asked.count("/api/version") > 2
    assert server.asked.count("/api/embed") == 1


async def test_a_server_that_hangs_is_given_up_and_not_asked_again_for_a_while(
    server: Server, client: OllamaClient
) -> None:
    server.gone = True
    with pytest.raises(ModelUnavailable):
        await embed(client)
    assert set(client.circuits.values()) == {BreakerState.OPEN}
    assert server.asked == ["/api/embed", "/api/version", "/api/version"]
    with pytest.raises(ModelUnavailable, match="No model server answers"):
        await embed(client)


async def test_an_answer_ends_when_its_server_is_gone(server: Server, client: OllamaClient) -> None:
    chunks = client.chat([{"role": "user", "content": "What waits?"}], model="m")
    assert (await anext(chunks)).text == "Ships"
    with pytest.raises(ModelUnavailable, match="stopped answering"):
        await anext(chunks)


async def test_facts_are_asked_for_with_less_patience(server: Server, client: OllamaClient) -> None:
    server.gone = True
    with pytest.raises(ModelUnavailable, match="in time"):
        await client.show("m")


async def test_a_breaker_that_nobody_asks_is_seen_to_let_a_probe_pass(server: Server, client: OllamaClient) -> None:
    metrics = Metrics("1")
    # Of the database only the pool's size is looked at, by a scrape.
    sampler = GaugeSampler(metrics, cast("Database", None), client)
    server.gone = True
    with pytest.raises(ModelUnavailable):
        await embed(client)
    seen = []
    for _ in range(2):
        await sampler.sample_circuits()
        seen.append(metrics.registry.get_sample_value("rag_circuit_state", {"upstream": client.endpoints[0]}))
        await asyncio.sleep(COOLDOWN)
    assert seen == [2, 1]


async def test_whoever_is_cancelled_leaves_no_watch_behind(server: Server, client: OllamaClient) -> None:
    server.seconds = 60
    asking = asyncio.create_task(embed(client))
    await asyncio.sleep(0.2)
    asking.cancel()
    await asyncio.wait([asking])
    await idle()
    heard = len(server.asked)
    await asyncio.sleep(0.2)
    assert len(server.asked) == heard
