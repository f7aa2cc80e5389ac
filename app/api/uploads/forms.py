"""Uploaded files of a multipart form."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial

from fastapi import UploadFile

from app.api.headers import media_type_of
from app.api.uploads.filenames import filename_of
from app.domain.documents import PIECE, Upload
from app.errors import InvalidInput, TooLarge


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file of an upload that is not stored. `position` counts the files of the form from 0."""

    position: int
    filename: str
    detail: str


async def read_uploads(files: Sequence[UploadFile], max_bytes: int) -> tuple[list[Upload], list[RefusedFile]]:
    """The files, and those among them that are refused for their name, which costs the others nothing.

    Raises:
        InvalidInput: no file has a usable name.
        TooLarge: together they have more than `max_bytes`.
    """
    if sum(file.size or 0 for file in files) > max_bytes:
        raise TooLarge(f"files: at most {max_bytes} bytes can be sent at once.")
    uploads: list[Upload] = []
    refused: list[RefusedFile] = []
    for position, file in enumerate(files):
        try:
            uploads.append(await _upload(filename_of(file.filename), file))
        except InvalidInput as error:
            refused.append(RefusedFile(position, file.filename or "", error.detail))
    if refused and not uploads:
        raise InvalidInput(refused[0].detail)
    return uploads, refused


async def one_upload(files: Sequence[UploadFile], max_bytes: int) -> Upload:
    """
    Raises:
        InvalidInput: not exactly one file, or one without a usable name.
        TooLarge: it has more than `max_bytes`.
    """
    if len(files) != 1:
        raise InvalidInput("file: exactly one file is needed.")
    (upload,), _ = await read_uploads(files, max_bytes)
    return upload


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
