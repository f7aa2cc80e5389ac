"""Zip-based documents: their limits, checked before anything is unpacked."""

import zipfile
from io import BytesIO

from app.errors import UnreadableDocument

MAX_MEMBERS = 20_000
MAX_UNPACKED_BYTES = 512 * 1024 * 1024
# Deflate cannot do better than 1032:1, and spreadsheets of repeated rows reach some 100:1.
MAX_RATIO = 200
_RATIO_APPLIES_FROM = 16 * 1024 * 1024


def check_limits(content: bytes) -> None:
    """Refuse a decompression bomb by its central directory, before anything is unpacked.

    Raises:
        UnreadableDocument: too many members, too large unpacked, overlapping, or encrypted.
    """
    with zipfile.ZipFile(BytesIO(content)) as package:
        members = package.infolist()
    unpacked = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    if len(members) > MAX_MEMBERS or unpacked > MAX_UNPACKED_BYTES:
        raise UnreadableDocument("The file unpacks to more than the limit.")
    if packed > len(content):
        raise UnreadableDocument("The file's parts overlap, as in a decompression bomb.")
    if unpacked > _RATIO_APPLIES_FROM and unpacked > MAX_RATIO * max(packed, 1):
        raise UnreadableDocument("The file unpacks to far more than its size, as a decompression bomb does.")
    if any(member.flag_bits & 1 for member in members):
        raise UnreadableDocument("The file is protected with a password.")
