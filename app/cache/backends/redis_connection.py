"""Connections kept for the hot reads: the client's own path costs more time than the command itself."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Connection, ConnectionPool


class HeldRedisConnections:
    """Makes connections as `pool` would, outside of it, and keeps them. Callers bound the time themselves."""

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._idle: list[Connection] = []

    async def send(self, commands: Sequence[Sequence[str]]) -> list[Any]:
        """Send the commands in one write and return their replies as bytes.

        A connection whose replies were not all read is closed: it would give the next reader this one's.

        Raises:
            RedisError: the connection broke, or a command was refused.
        """
        connection = self._idle.pop() if self._idle else self._new()
        try:
            await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
            replies = [await connection.read_response(disable_decoding=True) for _ in commands]
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        self._idle.append(connection)
        return replies

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().disconnect()

    def _new(self) -> Connection:
        connection: Connection = self._pool.make_connection()  # type: ignore[no-untyped-call] # redis-py leaves it untyped
        connection.socket_timeout = None
        return connection
