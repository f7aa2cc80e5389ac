"""Pickles of plain builtins, and of nothing else, in both directions."""

import io
import pickle
from typing import Any, NoReturn

PROTOCOL = 5


class NotPlain(TypeError):
    """The value holds something other than None, bool, int, float, str, bytes, list, tuple, dict and set."""


class _Pickler(pickle.Pickler):
    """The C pickler writes exact builtins itself and asks `reducer_override` about everything else."""

    def reducer_override(self, value: Any) -> NoReturn:
        raise NotPlain(f"{type(value).__name__} cannot be cached: only plain builtins can")


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"a cached value may not name {module}.{name}")


def dumps(value: Any) -> bytes:
    """Raise NotPlain if `value` holds anything but plain builtins, recursion included."""
    buffer = io.BytesIO()
    try:
        _Pickler(buffer, PROTOCOL).dump(value)
    except RecursionError:
        raise NotPlain("a value nested too deeply cannot be cached") from None
    return buffer.getvalue()


def loads(body: bytes | memoryview) -> Any:
    """Rebuild plain builtins; a body that names any global is refused.

    Raises the unpickler's errors, which for a malformed body can be almost any exception. Callers verify a
    signature first.
    """
    return _Unpickler(io.BytesIO(body)).load()
