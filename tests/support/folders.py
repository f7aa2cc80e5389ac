"""Where the repository is, and private folders for servers."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

REPO = Path(__file__).parents[2]
# Evaluation data, which may be absent.
DATA = REPO.parent / "shared" / "data"


@contextlib.contextmanager
def short_folder() -> Iterator[Path]:
    """A private folder for a server, in memory where there is room.

    Its path is short, because a socket's must fit 107 bytes, which pytest's own folders may not.
    """
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2 * 1024**3
    folder = Path(tempfile.mkdtemp(prefix="localchat-", dir=memory if roomy else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
