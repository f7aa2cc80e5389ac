"""What others build, measured beside us. Each module here is run by the Python of an environment of its own, since
what it needs is large and agrees with nothing of ours: `make` installs requirements/bench.txt into .venv/peers.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

PYTHON = Path(sys.prefix) / "peers" / "bin" / "python"


class Peer:
    """A module that answers lines of JSON by lines of JSON."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self._name = name
        self._process = process

    async def ask(self, question: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question).encode() + b"\n")
        await self._process.stdin.drain()
        if answer := await self._process.stdout.readline():
            return json.loads(answer)
        raise RuntimeError(f"The peer {self._name} ended; what it wrote is above.")


@asynccontextmanager
async def started(module: str) -> AsyncIterator[Peer]:
    """A module of this package that runs until the block ends."""
    process = await asyncio.create_subprocess_exec(
        PYTHON,
        Path(__file__).with_name(f"{module}.py"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Peer(module, process)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


async def run(module: str, task: Any) -> Any:
    """Hand a JSON task to a module of this package and return its JSON answer."""
    process = await asyncio.create_subprocess_exec(
        PYTHON,
        Path(__file__).with_name(f"{module}.py"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    answer, _ = await process.communicate(json.dumps(task).encode())
    if process.returncode:
        raise RuntimeError(f"The peer {module} ended with {process.returncode}; what it wrote is above.")
    return json.loads(answer)
