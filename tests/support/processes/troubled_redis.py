"""A connection to Redis that a test can make slow, or make lie."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto

_PIECE = 65_536


class Trouble(Enum):
    NONE = auto()
    SLOW = auto()
    GARBAGE = auto()


class TroubledRedis:
    """Passes bytes between clients and the server at a Unix socket.

    Replies are held up by `delay` seconds while SLOW, and are random bytes while GARBAGE.
    """

    def __init__(self, socket: str, *, delay: float = 1.0) -> None:
        self.trouble = Trouble.NONE
        self.url = ""
        self._socket = socket
        self._delay = delay
        self._random = random.Random(1)
        self._open: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["TroubledRedis"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1")
        self.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        try:
            yield self
        finally:
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        with suppress(ConnectionError, FileNotFoundError, asyncio.CancelledError):
            from_server, to_server = await asyncio.open_unix_connection(self._socket)
            replies = asyncio.create_task(self._reply(from_server, writer))
            try:
                while piece := await reader.read(_PIECE):
                    to_server.write(piece)
            finally:
                replies.cancel()
                await asyncio.gather(replies, return_exceptions=True)
                to_server.close()
        writer.close()

    async def _reply(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_PIECE):
            if self.trouble is Trouble.SLOW:
                await asyncio.sleep(self._delay)
            writer.write(self._random.randbytes(len(piece)) if self.trouble is Trouble.GARBAGE else piece)
        writer.close()
