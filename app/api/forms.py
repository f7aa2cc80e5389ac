"""Uploaded files of a multipart form."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from fastapi import UploadFile

from app.api.headers import media_type_of
from app.domain.documents import Upload
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
    return [Upload(_filename(file.filename), await file.read(), media_type_of(file.content_type)) for file in files]


async def one_upload(files: Sequence[UploadFile], max_bytes: int) -> Upload:
    """
    Raises:
        InvalidInput: not exactly one file, or one without a usable name.
        TooLarge: it has more than `max_bytes`.
    """
    if len(files) != 1:
        raise InvalidInput("file: exactly one file is needed.")
    return (await read_uploads(files, max_bytes))[0]


def _filename(sent: str | None) -> str:
    """A relative path says where a file belongs, and is kept; of an absolute one only the last part is."""
    path = PurePosixPath((sent or "").replace("\\", "/").strip())
    drive = bool(path.parts) and path.parts[0].endswith(":")
    name = path.name if path.is_absolute() or drive or ".." in path.parts else str(path)
    if path.name in {"", ".."} or len(name) > _MAX_FILENAME or not name.isprintable():
        raise InvalidInput(f"files: each needs a printable name of 1 to {_MAX_FILENAME} characters.")
    return name
