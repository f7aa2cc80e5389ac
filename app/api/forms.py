"""Uploaded files of a multipart form."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import PurePosixPath

from fastapi import UploadFile

from app.api.headers import media_type_of
from app.domain.documents import PIECE, Upload
from app.errors import InvalidInput, TooLarge

_MAX_FILENAME = 255


async def read_uploads(files: Sequence[UploadFile], max_bytes: int) -> list[Upload]:
    """
    Raises:
        InvalidInput: a file without a usable name.
        TooLarge: together they have more than `max_bytes`.
    """
    if sum(file.size or 0 for file in files) > max_bytes:
        raise TooLarge(f"files: at most {max_bytes} bytes can be sent at once.")
    names = [_filename(file.filename) for file in files]
    return [await _upload(name, file) for name, file in zip(names, files, strict=True)]


async def one_upload(files: Sequence[UploadFile], max_bytes: int) -> Upload:
    """
    Raises:
        InvalidInput: not exactly one file, or one without a usable name.
        TooLarge: it has more than `max_bytes`.
    """
    if len(files) != 1:
        raise InvalidInput("file: exactly one file is needed.")
    return (await read_uploads(files, max_bytes))[0]


async def _upload(name: str, file: UploadFile) -> Upload:
    """The form parser keeps a large file on disk, so it is read twice: for its digest here, and to be stored."""
    digest, size = hashlib.sha256(), 0
    async for piece in _pieces(file):
        await asyncio.to_thread(digest.update, piece)
        size += len(piece)
    return Upload(name, size, digest.hexdigest(), partial(_pieces, file), media_type_of(file.content_type))


async def _pieces(file: UploadFile) -> AsyncIterator[bytes]:
    await file.seek(0)
    while piece := await file.read(PIECE):
        yield piece


def _filename(sent: str | None) -> str:
    """A relative path says where a file belongs, and is kept; of an absolute one only the last part is."""
    path = PurePosixPath((sent or "").replace("\\", "/").strip())
    drive = bool(path.parts) and path.parts[0].endswith(":")
    name = path.name if path.is_absolute() or drive or ".." in path.parts else str(path)
    if path.name in {"", ".."} or len(name) > _MAX_FILENAME or not name.isprintable():
        raise InvalidInput(f"files: each needs a printable name of 1 to {_MAX_FILENAME} characters.")
    return name
