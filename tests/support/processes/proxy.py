"""A load balancer of a few lines: asks replicas whether they are ready, and connects to those that are."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from app.embedded.supervisor.probes import answers

_PROBE_SECONDS = 0.1
_PIECE = 65_536


@dataclass
class Proxy:
    """Passes bytes between a client and one replica, chosen when the client connects.

    A replica that refuses the connection is passed over. What it does after it took the connection is not mended:
    a request that it then loses is lost.
    """

    ports: Sequence[int]
    ready: set[int] = field(default_factory=set)
    url: str = ""
    passed: dict[int, int] = field(default_factory=dict)
    _next: int = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Proxy"]:
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            with suppress(ConnectionError, asyncio.CancelledError):
                await self._pass(reader, writer)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1")
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        probes = [asyncio.create_task(self._probe(port)) for port in self.ports]
        try:
            yield self
        finally:
            server.close()
            for task in [*probes, *tasks]:
                task.cancel()
            await asyncio.gather(*probes, *tasks, return_exceptions=True)

    async def settled(self, ready: set[int]) -> None:
        """Wait until exactly these ports are ready."""
        async with asyncio.timeout(60):
            while self.ready != ready:
                await asyncio.sleep(0.02)

    async def _probe(self, port: int) -> None:
        while True:
            if await asyncio.to_thread(answers, "127.0.0.1", port, "/health/ready", seconds=1):
                self.ready.add(port)
            else:
                self.ready.discard(port)
            await asyncio.sleep(_PROBE_SECONDS)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, upstream_writer = await self._connect()
        both = [
            asyncio.create_task(_copy(reader, upstream_writer)),
            asyncio.create_task(_copy(upstream, writer)),
        ]
        try:
            # When the replica is done with the connection, so is the client.
            await both[1]
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            upstream_writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._next += 1
        candidates = [port for port in self.ports if port in self.ready] or list(self.ports)
        turn = self._next % len(candidates)
        for port in [*candidates[turn:], *candidates[:turn], *self.ports]:
            with suppress(ConnectionError):
                connection = await asyncio.open_connection("127.0.0.1", port)
                self.passed[port] = self.passed.get(port, 0) + 1
                return connection
        raise ConnectionRefusedError


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
