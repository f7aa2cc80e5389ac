"""Reads what a GGUF file says of its model: its metadata and the shapes of its tensors, none of its weights.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import hashlib
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

MAGIC = b"GGUF"
_OLDEST_VERSION = 2
# Numbers by their type in the file; a string is 8 and an array 9.
_NUMBERS = dict(enumerate(["<B", "<b", "<H", "<h", "<I", "<i", "<f", "<?"])) | {10: "<Q", 11: "<q", 12: "<d"}
_STRING = 8
_ARRAY = 9
# Of `general.file_type`, by their numbers in llama.cpp; another one is not named.
_QUANTIZATIONS = {
    0: "F32",
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
}
_QUANTIZATIONS |= {12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K"}
_QUANTIZATIONS |= {32: "BF16"}


class NotGguf(Exception):
    """The file is no model in GGUF of version 2 or newer, or is damaged."""


@dataclass(frozen=True, slots=True)
class GgufModel:
    """`digest` is the SHA-256 of the header, the file's size and its age: gigabytes of weights are not read."""

    metadata: dict[str, Any]
    parameters: int
    digest: str

    @property
    def architecture(self) -> str:
        return str(self.metadata.get("general.architecture", ""))

    def number(self, name: str) -> int:
        """A number of the architecture, such as `context_length`; 0 if it is not there."""
        return int(self.metadata.get(f"{self.architecture}.{name}", 0))

    @property
    def quantization(self) -> str:
        return _QUANTIZATIONS.get(self.metadata.get("general.file_type", -1), "unknown")


def read_gguf(path: Path) -> GgufModel:
    """
    Raises:
        NotGguf: it is something else.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        try:
            if file.read(4) != MAGIC or _number(file, "<I") < _OLDEST_VERSION:
                raise NotGguf(f"{path.name} is no model in GGUF of version 2 or newer.")
            tensors, entries = _number(file, "<Q"), _number(file, "<Q")
            metadata = {}
            for _ in range(entries):
                name, kind = _text(file), _number(file, "<I")
                metadata[name] = _value(file, kind)
            parameters = sum(_elements(file) for _ in range(tensors))
        except (struct.error, KeyError, UnicodeDecodeError, MemoryError, OverflowError):
            raise NotGguf(f"{path.name} is damaged.") from None
        length = file.tell()
        status = path.stat()
        file.seek(0)
        digest = hashlib.sha256(file.read(length))
    digest.update(f"{status.st_size} {status.st_mtime_ns}".encode())
    return GgufModel(metadata, parameters, f"sha256:{digest.hexdigest()}")


def _value(file: BinaryIO, kind: int) -> Any:
    """A value; of an array, which may hold a whole vocabulary, nothing."""
    if kind == _STRING:
        return _text(file)
    if kind != _ARRAY:
        return _number(file, _NUMBERS[kind])
    of, count = _number(file, "<I"), _number(file, "<Q")
    if of in _NUMBERS:
        file.seek(count * struct.calcsize(_NUMBERS[of]), 1)
    else:
        for _ in range(count):
            _value(file, of)
    return None


def _elements(file: BinaryIO) -> int:
    """The numbers of one tensor."""
    _text(file)
    dimensions = [_number(file, "<Q") for _ in range(_number(file, "<I"))]
    _number(file, "<I")
    _number(file, "<Q")
    return prod(dimensions)


def _text(file: BinaryIO) -> str:
    length = _number(file, "<Q")
    data = file.read(length)
    if len(data) < length:
        raise struct.error
    return data.decode()


def _number(file: BinaryIO, form: str) -> Any:
    return struct.unpack(form, file.read(struct.calcsize(form)))[0]
