"""What a hostile file may do to the process that reads it."""

import os
import signal
import time
from collections.abc import Iterator
from itertools import repeat

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


def pause(_: bytes) -> Iterator[object]:
    time.sleep(0.7)
    yield os.getpid()
