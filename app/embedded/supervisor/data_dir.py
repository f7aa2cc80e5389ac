"""The data folder: made private, checked for room, held by one instance at a time."""

import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.embedded.supervisor.process import StartFailed

API_KEY_PEPPER = "api_key_pepper"
MODEL_SERVER_URL = "model_server_url"  # the URL of the embedded one, with its password
_MIB = 1024 * 1024
_ROOM_NEEDED = 512 * _MIB


@contextmanager
def held_data_dir(folder: Path) -> Iterator[None]:
    """Make `folder` when it is missing, and keep every other instance out of it meanwhile.

    The lock is the kernel's, so a killed instance leaves none behind.

    Raises:
        StartFailed: it cannot be made or written, has too little room, or another instance holds it.
    """
    with _one_line_errors(folder):
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except FileNotFoundError as error:
            raise StartFailed(f"DATA_DIR {folder} cannot be made there ({error.strerror})") from None
        (folder / "logs").mkdir(mode=0o700, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if free < _ROOM_NEEDED:
            raise StartFailed(
                f"DATA_DIR {folder} has no space left: {free // _MIB} MB are free of {_ROOM_NEEDED // _MIB} needed"
            )
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(lock, 32).decode() or "?"
            raise StartFailed(
                f"DATA_DIR {folder} is in use by another LocalChat (process {holder}); "
                "stop it or choose another DATA_DIR"
            ) from None
        with _one_line_errors(folder):
            os.ftruncate(lock, 0)
            os.write(lock, str(os.getpid()).encode())
            yield
    finally:
        os.close(lock)


def kept_secret(folder: Path, name: str) -> str:
    """The secret `name` of this data folder, drawn on first use and readable by its owner alone."""
    return read_secret(folder, name) or keep_secret(folder, name, secrets.token_urlsafe(32))


def keep_secret(folder: Path, name: str, value: str) -> str:
    """Write the secret `name`, readable by its owner alone, and return it."""
    path = folder / "secrets" / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(value)
    new.replace(path)
    return value


def read_secret(folder: Path, name: str) -> str | None:
    """Read the secret `name`; None if there is none yet.

    Raises:
        StartFailed: the data folder is not this user's.
    """
    try:
        with _one_line_errors(folder):
            return (folder / "secrets" / name).read_text().strip()
    except FileNotFoundError:
        return None


@contextmanager
def _one_line_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.filename is not None and not Path(os.fsdecode(error.filename)).is_relative_to(folder):
            raise
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            reason = "cannot be read and written by this user"
        elif error.errno in {errno.ENOSPC, errno.EDQUOT}:
            reason = "has no space left"
        elif error.errno in {errno.ENOTDIR, errno.EEXIST}:
            reason = "is not a folder"
        elif error.errno in {errno.ENAMETOOLONG, errno.ELOOP}:
            reason = "cannot be a folder"
        else:
            raise
        raise StartFailed(f"DATA_DIR {folder} {reason} ({error.strerror})") from None
