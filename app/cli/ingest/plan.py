"""The steps that bring a collection up to date with files. Nothing here does I/O."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.cli.ingest.files import LocalFile, Scan

SOURCE = "source"  # the key in a document's metadata that names its file


@dataclass(frozen=True, slots=True)
class RemoteDocument:
    """A document as the service lists it; `source` is None if its file is unknown.

    `done_count` of its chunks have their embedding, or never will.
    """

    id: str
    filename: str
    sha256: str
    status: str
    chunk_count: int = 0
    done_count: int = 0
    failed_count: int = 0
    error: str | None = None
    warnings: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def source(self) -> str | None:
        source = self.metadata.get(SOURCE)
        return source if isinstance(source, str) else None


class Action(StrEnum):
    UPLOAD = "upload"
    REPLACE = "replace"
    UNCHANGED = "unchanged"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Step:
    """`file` is missing from a deletion, `document` from an upload. `why` is for people."""

    action: Action
    file: LocalFile | None
    document: RemoteDocument | None
    why: str = ""

    @property
    def name(self) -> str:
        return str(self.file.path) if self.file else self.document.filename if self.document else ""


def plan(
    scan: Scan, documents: Sequence[RemoteDocument], *, covers: Callable[[str], bool], deletes: bool
) -> list[Step]:
    """Find the steps: those for files in their order, then deletions.

    A file belongs to the document with its source; without one, to a document from elsewhere with its name and its
    content. A document is deleted, or taken over by a file of the same content, only if it came from what is looked
    at (`covers`) and its file is certainly gone. `deletes`: whether to delete at all.
    """
    files = {file.source: file for file in scan.files}
    own, orphans = _belongings(files, documents, lambda source: covers(source) and not scan.may_exist(source))
    ours = {document.id for document in (*own.values(), *orphans)}
    elsewhere = {(other.filename, other.sha256): other for other in documents if other.id not in ours}
    steps: list[Step] = []
    obsolete: list[Step] = []
    for file in scan.files:
        mine = own.get(file.source)
        if mine is not None and mine.sha256 == file.sha256:
            steps.append(_same(file, mine))
            continue
        moved = next((orphan for orphan in orphans if orphan.sha256 == file.sha256), None)
        holder = elsewhere.get((file.name, file.sha256))
        if moved is not None:
            orphans.remove(moved)
            steps.append(Step(Action.REPLACE, file, moved, f"was {moved.filename}"))
            if mine is not None:
                obsolete.append(Step(Action.DELETE, None, mine, "its file has the content of another document"))
        elif mine is not None:
            steps.append(Step(Action.REPLACE, file, mine, "changed"))
        elif holder is not None:
            steps.append(_same(file, holder))
        else:
            steps.append(Step(Action.UPLOAD, file, None, "new"))
    gone = [Step(Action.DELETE, None, orphan, "its file is gone") for orphan in orphans] if deletes else []
    return [*steps, *obsolete, *gone]


def _belongings(
    files: Mapping[str, LocalFile], documents: Sequence[RemoteDocument], gone: Callable[[str], bool]
) -> tuple[dict[str, RemoteDocument], list[RemoteDocument]]:
    """Return the document of each file by its source, and the documents without a file."""
    own: dict[str, RemoteDocument] = {}
    orphans: list[RemoteDocument] = []
    for document in documents:
        source = document.source
        if source is None:
            continue
        file = files.get(source)
        if file is None:
            if gone(source):
                orphans.append(document)
        elif source not in own:
            own[source] = document
        else:  # two runs uploaded it at the same time
            sha256 = file.sha256
            own[source], spare = sorted((own[source], document), key=lambda each: each.sha256 != sha256)
            orphans.append(spare)
    return own, orphans


def _same(file: LocalFile, document: RemoteDocument) -> Step:
    if document.status == "failed":
        return Step(Action.UPLOAD, file, document, "was refused before")
    why = "" if document.source == file.source else "there already, from elsewhere"
    return Step(Action.UNCHANGED, file, document, why)
