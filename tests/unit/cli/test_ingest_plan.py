"""What `localchat ingest` finds to do, and that doing it brings the collection in line with the files."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from app.cli.ingest.executor import Uploader
from app.cli.ingest.files import LocalFile, Scan, Scanner
from app.cli.ingest.plan import SOURCE, Action, RemoteDocument, Step, plan
from app.cli.ingest.report import IngestReport
from app.cli.ingest.service import Documents
from tests.support.waiting import idle

FOLDER = "file://here/docs/"


def local(name: str, content: str) -> LocalFile:
    return LocalFile(Path("/docs") / name, name, FOLDER + name, len(content), content)


def remote(name: str, content: str, source: str | None = None, status: str = "ready") -> RemoteDocument:
    where = FOLDER + name if source is None else source
    return RemoteDocument(f"{name}:{content}", name, content, status, metadata={SOURCE: where} if where else {})


def planned(
    files: Sequence[LocalFile], there: Sequence[RemoteDocument], unknown: Sequence[str] = ()
) -> list[tuple[str, str]]:
    steps = plan(
        Scan(files=list(files), unknown=list(unknown)),
        there,
        covers=lambda source: source.startswith(FOLDER),
        deletes=True,
    )
    return [(str(step.action), step.file.name if step.file else step.name) for step in steps]


def test_new_changed_unchanged_and_deleted_files_are_told_apart() -> None:
    files = [local("new", "1"), local("changed", "2"), local("same", "3")]
    there = [remote("changed", "old"), remote("same", "3"), remote("gone", "4")]
    assert planned(files, there) == [
        ("upload", "new"),
        ("replace", "changed"),
        ("unchanged", "same"),
        ("delete", "gone"),
    ]


def test_what_came_from_elsewhere_is_never_deleted_or_taken_over() -> None:
    there = [
        remote("by hand", "1", source=""),
        remote("of another machine", "2", source="file://there/docs/a"),
        remote("of another folder", "3", source="file://here/docs-2/a"),
    ]
    assert planned([], there) == []
    # The same content under another name is a file of its own.
    assert planned([local("a", "2"), local("by hand", "1")], there) == [("upload", "a"), ("unchanged", "by hand")]


def test_a_file_that_cannot_be_looked_at_is_not_taken_for_deleted() -> None:
    there = [remote("locked/a", "1"), remote("locked", "2"), remote("locked-2", "3")]
    assert planned([], there, unknown=[FOLDER + "locked"]) == [("delete", "locked-2")]


def test_a_renamed_file_takes_its_document_along() -> None:
    assert planned([local("after", "1")], [remote("before", "1")]) == [("replace", "after")]
    # Moved over another file: that one's document goes.
    steps = planned([local("a", "1")], [remote("a", "old"), remote("b", "1")])
    assert steps == [("replace", "a"), ("delete", "a")]


def test_files_of_the_same_content_have_a_document_each() -> None:
    assert planned([local("a", "1"), local("b", "1")], []) == [("upload", "a"), ("upload", "b")]
    assert planned([local("a", "1"), local("b", "1")], [remote("a", "1")]) == [("unchanged", "a"), ("upload", "b")]
    there = [remote("a", "1"), remote("b", "1")]
    assert planned([local("c", "1")], there) == [("replace", "c"), ("delete", "b")]
    assert planned([local("a", "2"), local("b", "1")], [remote("a", "1"), remote("b", "2")]) == [
        ("replace", "a"),
        ("replace", "b"),
    ]


def test_a_document_that_was_refused_is_tried_again() -> None:
    assert planned([local("a", "1")], [remote("a", "1", status="failed")]) == [("upload", "a")]


@dataclass
class Collection(Documents):
    """A collection in memory: no two of its documents have the same name, content and metadata."""

    there: dict[str, RemoteDocument] = field(default_factory=dict)
    numbers: "count[int]" = field(default_factory=count)

    async def all(self) -> list[RemoteDocument]:
        return list(self.there.values())

    async def one(self, document_id: str) -> RemoteDocument | None:
        return self.there.get(document_id)

    async def upload(self, file: LocalFile) -> RemoteDocument:
        await idle()
        for document in self.there.values():
            if (document.filename, document.sha256, document.source) == (file.name, file.sha256, file.source):
                return replace(document, status="unchanged")
        return self._put(str(next(self.numbers)), file)

    async def replace(self, document: RemoteDocument, file: LocalFile) -> RemoteDocument:
        await idle()
        if document.id not in self.there:
            return await self.upload(file)
        return self._put(document.id, file)

    async def delete(self, document: RemoteDocument) -> None:
        self.there.pop(document.id, None)

    def _put(self, document_id: str, file: LocalFile) -> RemoteDocument:
        metadata = {SOURCE: file.source}
        self.there[document_id] = RemoteDocument(document_id, file.name, file.sha256, "ready", metadata=metadata)
        return self.there[document_id]


folders = st.dictionaries(st.sampled_from("abcde"), st.sampled_from("12345"), max_size=5)


@settings(max_examples=200, deadline=None)
@given(states=st.lists(folders, min_size=1, max_size=4), foreign=st.sampled_from(["", "1", "2"]))
def test_after_any_changes_the_collection_holds_what_the_files_hold(
    states: list[dict[str, str]], foreign: str
) -> None:
    asyncio.run(follow(states, foreign))


async def follow(states: list[dict[str, str]], foreign: str) -> None:
    collection = Collection(None, "default", 1)  # type: ignore[arg-type]
    if foreign:
        collection.there["foreign"] = RemoteDocument("foreign", "x", foreign, "ready")
    for state in states:
        ledger = IngestReport()
        files = [local(name, content) for name, content in state.items()]
        steps = plan(
            Scan(files=files), await collection.all(), covers=lambda source: source.startswith(FOLDER), deletes=True
        )
        await Uploader(collection, ledger).carry_out(steps)
        while ledger.pending:
            await Uploader(collection, ledger).follow()
        assert not ledger.broken
        assert ledger.ready.keys() == {str(file.path) for file in files}
        ours = [document for document in collection.there.values() if document.source]
        # Each file has one document, with its name, its source and its content.
        assert {document.filename: document.sha256 for document in ours} == state
        assert len(ours) == len(state)
        assert all(document.source == FOLDER + document.filename for document in ours)
    assert ("foreign" in collection.there) is bool(foreign)


def test_steps_name_their_file_or_document() -> None:
    assert Step(Action.UPLOAD, local("a", "1"), None).name == "/docs/a"
    assert Step(Action.DELETE, None, remote("a", "1")).name == "a"


def test_a_scan_tells_what_it_could_not_look_at_and_reads_only_what_changed(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "ä b.txt").write_text("one")
    (tmp_path / ".hidden").write_text("no")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    scanner = Scanner([tmp_path, tmp_path / "sub"], origin="my host")
    first = scanner.scan()
    assert [file.name for file in first.files] == ["sub/ä b.txt"]  # once, though two roots hold it
    assert first.files[0].source == f"file://my%20host{tmp_path}/sub/%C3%A4%20b.txt"
    assert [Path(name).name for name, _ in first.refused] == ["dangling"]
    assert first.may_exist(scanner.source_of(tmp_path / "dangling"))
    assert scanner.covers(first.files[0].source)
    assert not scanner.covers(f"{scanner.source_of(tmp_path)}-2/a")
    (tmp_path / "sub" / "ä b.txt").write_text("two, longer")
    assert scanner.scan().files[0].sha256 != first.files[0].sha256


def test_a_file_in_writing_is_left_alone_until_it_rests(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("half")
    scan = Scanner([tmp_path], origin="h", settle=60).scan()
    assert (scan.files, scan.settling) == ([], True)
    assert scan.may_exist(Scanner([tmp_path], origin="h").source_of(tmp_path / "a.txt"))
    assert not Scanner([tmp_path], origin="h", settle=0).scan().settling
