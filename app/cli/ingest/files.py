"""The files to ingest, and the facts about each that need no service."""

import hashlib
import os
import socket
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class LocalFile:
    """`name` is the name of the document: below a folder, the path from there. `source` is its location."""

    path: Path
    name: str
    source: str
    size: int
    sha256: str


@dataclass(slots=True)
class Scan:
    """`unknown`: sources that could not be read, or are still being written, so nothing is concluded about them."""

    files: list[LocalFile] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    settling: bool = False

    def may_exist(self, source: str) -> bool:
        return any(source == place or source.startswith(f"{place}/") for place in self.unknown)


def this_machine() -> str:
    return socket.gethostname()


class Scanner:
    """Looks at files and everything below folders, and reads again only files whose size or time changed.

    Args:
        roots: files and folders. Below a folder, what begins with a dot is left out.
        origin: the name of this machine in a document's source, a `file` URI (RFC 8089).
        settle: seconds since the last change before a file counts as completely written.
    """

    def __init__(self, roots: Iterable[Path], *, origin: str, settle: float = 0.0) -> None:
        # Symbolic links are kept: their targets may change.
        self.roots = [Path(os.path.abspath(root)) for root in roots]  # noqa: PTH100 - as above
        self._origin = origin
        self._settle = settle
        self._known: dict[Path, tuple[tuple[int, ...], str]] = {}

    def source_of(self, path: Path) -> str:
        return f"file://{quote(self._origin, safe='')}{quote(os.fsencode(path))}"

    def covers(self, source: str) -> bool:
        """Return whether a document of this source came from one of the roots."""
        roots = map(self.source_of, self.roots)
        return any(source == root or source.startswith(f"{root}/") for root in roots)

    def scan(self) -> Scan:
        found = Scan()
        seen: dict[Path, tuple[tuple[int, ...], str]] = {}
        for path, name in self._paths(found):
            if path not in seen:
                self._look(path, name, found, seen)
        self._known = seen
        return found

    def _paths(self, found: Scan) -> Iterator[tuple[Path, str]]:
        def unreadable(error: OSError) -> None:
            if not isinstance(error, FileNotFoundError):
                found.refused.append((str(error.filename), f"cannot be read here: {error.strerror}"))
                found.unknown.append(self.source_of(Path(error.filename)))

        for root in self.roots:
            if not root.is_dir():
                yield root, root.name
                continue
            for folder, subfolders, names in os.walk(root, onerror=unreadable):
                subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
                for name in sorted(names):
                    if not name.startswith("."):
                        file = Path(folder) / name
                        yield file, file.relative_to(root).as_posix()

    def _look(self, path: Path, name: str, found: Scan, seen: dict[Path, tuple[tuple[int, ...], str]]) -> None:
        source = self.source_of(path)
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):
                found.refused.append((str(path), "is no regular file"))
                return
            if abs(time.time() - status.st_mtime) < self._settle:
                found.unknown.append(source)
                found.settling = True
                return
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            known = self._known.get(path)
            sha256 = known[1] if known and known[0] == stamp else _hash(path)
        except OSError as error:
            found.refused.append((str(path), f"cannot be read here: {error.strerror}"))
            found.unknown.append(source)
            return
        seen[path] = (stamp, sha256)
        found.files.append(LocalFile(path, name, source, status.st_size, sha256))


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while block := content.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
