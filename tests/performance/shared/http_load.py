"""Load on one route from loopback: all that a number of connections can ask, or so many requests a second."""

import asyncio
import json
import random
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.performance.shared.timing import Timing, percentiles

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TIER = re.compile(rb"detail=(l\d)")
_UNITS = {"us": 1.0, "ms": 1e3, "s": 1e6}


FAILED = "failed"


class UnexpectedAnswer(Exception):
    """Not a 200."""


@dataclass(frozen=True, slots=True)
class Target:
    """`bodies` are posted in turn, with an API key if there is one. `pid` is the process that answers."""

    pid: int
    port: int
    path: str
    bodies: Sequence[bytes]
    key: str = ""


async def saturate(target: Target, *, connections: int, seconds: float) -> Timing:
    """Ask again as soon as an answer is there, on every connection; by wrk if the machine has it."""
    wrk = shutil.which("wrk")
    if wrk is not None:
        return await _wrk(wrk, target, connections, seconds)
    latencies: list[float] = []
    end = time.perf_counter() + seconds

    async def ask_on(number: int) -> None:
        connection = await _Connection.open(target)
        while (began := time.perf_counter()) < end:
            await connection.ask(number)
            latencies.append(time.perf_counter() - began)
            number += 1
        connection.close()

    await asyncio.gather(*(ask_on(number) for number in range(connections)))
    p50, p99 = percentiles(latencies)
    return Timing(p50 * 1e6, p99 * 1e6, len(latencies) / seconds)


async def arrive(
    target: Target, *, rate: float, seconds: float, connections: int = 64
) -> tuple[Timing, Counter[str]]:
    """Requests that come at random, `rate` a second on the mean, whether or not earlier ones are answered.

    A latency counts from when the request came, with the wait for a connection if all are in use. Returns also how
    many answers each cache tier gave, and how many were `FAILED`: any but a 200.
    """
    chance = random.Random(1)
    idle = [await _Connection.open(target) for _ in range(connections)]
    free: asyncio.Queue[_Connection] = asyncio.Queue()
    for connection in idle:
        free.put_nowait(connection)
    latencies: list[float] = []
    tiers: Counter[str] = Counter()

    async def ask(number: int) -> None:
        began = time.perf_counter()
        connection = await free.get()
        try:
            tiers[await connection.ask(number)] += 1
        except UnexpectedAnswer:
            tiers[FAILED] += 1
        latencies.append(time.perf_counter() - began)
        free.put_nowait(connection)

    loop = asyncio.get_running_loop()
    due = loop.time()
    end = due + seconds
    async with asyncio.TaskGroup() as group:
        number = 0
        while due < end:
            await asyncio.sleep(due - loop.time())
            group.create_task(ask(number))
            number += 1
            due += chance.expovariate(rate)
    for connection in idle:
        connection.close()
    p50, p99 = percentiles(latencies)
    return Timing(p50 * 1e6, p99 * 1e6, len(latencies) / seconds), tiers


class _Connection(asyncio.Protocol):
    """Posts one body at a time. Any answer but a 200 is an error."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self._requests = requests
        self._received = b""
        self._answer: asyncio.Future[str] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, target: Target) -> "_Connection":
        head = f"POST {target.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        head += f"X-API-Key: {target.key}\r\n" if target.key else ""
        requests = [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body for body in target.bodies]
        loop = asyncio.get_running_loop()
        _, made = await loop.create_connection(lambda: cls(requests), "127.0.0.1", target.port)
        return made

    async def ask(self, number: int) -> str:
        """Return the tier that the answer names, empty for none."""
        assert self._transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(self._requests[number % len(self._requests)])
        return await self._answer

    def close(self) -> None:
        assert self._transport is not None
        self._transport.close()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # of uvloop, too
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or length is None or len(body) < int(length[1]):
            return
        self._received = b""
        answer = self._answer
        assert answer is not None
        if head.startswith(b"HTTP/1.1 200 "):
            tier = _TIER.search(head)
            answer.set_result(tier[1].decode() if tier else "")
        else:
            answer.set_exception(UnexpectedAnswer((head + body)[:300].decode(errors="replace")))

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or ConnectionError("closed before the answer"))


async def _wrk(wrk: str, target: Target, connections: int, seconds: float) -> Timing:
    script = [
        "local bodies = {" + ",".join(json.dumps(body.decode()) for body in target.bodies) + "}",
        "local requests, turn = {}, 0",
        "init = function()",
        "  wrk.method = 'POST'",
        "  wrk.headers['Content-Type'] = 'application/json'",
        *([f"  wrk.headers['X-API-Key'] = '{target.key}'"] if target.key else []),
        "  for i, body in ipairs(bodies) do requests[i] = wrk.format(nil, nil, nil, body) end",
        "end",
        "request = function() turn = turn % #requests + 1; return requests[turn] end",
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "post.lua"
        path.write_text("\n".join(script))
        options = ["-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--latency", "-s", str(path)]
        url = f"http://127.0.0.1:{target.port}{target.path}"
        process = await asyncio.create_subprocess_exec(wrk, *options, url, stdout=asyncio.subprocess.PIPE)
        printed = (await process.communicate())[0].decode()
    if process.returncode or "Non-2xx" in printed or "Socket errors" in printed:
        raise RuntimeError(printed)
    return Timing(
        _wrk_time(printed, "50%"), _wrk_time(printed, "99%"), float(_found(r"Requests/sec: +([\d.]+)", printed))
    )


def _wrk_time(printed: str, share: str) -> float:
    """Microseconds."""
    number = _found(rf"{share} +([\d.]+)[a-z]+", printed)
    return float(number) * _UNITS[_found(rf"{share} +[\d.]+([a-z]+)", printed)]


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError(f"not what wrk prints: {text}")
    return match[1]
