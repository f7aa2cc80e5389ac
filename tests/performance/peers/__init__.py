"""What others build, measured beside us. Each module here is run by the Python of an environment of its own, since
what it needs is large and agrees with nothing of ours: `make` installs requirements/bench.txt into .venv/peers.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

PYTHON = Path(sys.prefix) / "peers" / "bin" / "python"


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
