"""A worker as a process, taken for dead after a second instead of ten."""

import asyncio

from app.settings import load_settings
from app.worker import run_worker

if __name__ == "__main__":
    asyncio.run(run_worker(load_settings(), heartbeat_timeout=1.0))
