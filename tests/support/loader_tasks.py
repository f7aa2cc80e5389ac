"""What a hostile file may do to the process that reads it."""

import os
import signal
import time
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

from app.ingestion.loaders.extract import extract
from app.ingestion.splitting.splitter import SplitterConfig, splitter_for

MIB = 1024 * 1024


def hang(_: bytes) -> Iterator[object]:
    time.sleep(3600)
    yield None


def spin(_: bytes) -> Iterator[object]:
    yield sum(repeat(1))


def allocate(_: bytes) -> Iterator[object]:
    yield len(bytearray(800 * MIB))


def crash(_: bytes) -> Iterator[object]:
    os.kill(os.getpid(), signal.SIGSEGV)
    yield None


def fail(content: bytes) -> Iterator[object]:
    yield 1 // len(content)


def recurse(_: bytes) -> Iterator[object]:
    yield from recurse(_)


def pid(_: bytes) -> Iterator[object]:
    yield os.getpid()


def pid_for_ever(_: bytes) -> Iterator[object]:
    while True:
        yield os.getpid()


def numbers(_: bytes) -> Iterator[object]:
    yield from range(3)


def megabytes(path: bytes) -> Iterator[object]:
    """Each noted in a file once it is made."""
    while True:
        with Path(path.decode()).open("ab") as made:
            made.write(b".")
        yield bytes(MIB)


def pause(_: bytes) -> Iterator[object]:
    time.sleep(0.7)
    yield os.getpid()


def read_and_split(content: bytes, filename: str) -> Iterator[object]:
    """The document, then its chunks."""
    document = extract(content, filename)
    yield document
    yield splitter_for(SplitterConfig()).split(document)
