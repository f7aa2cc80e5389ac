"""The outcome of each file, for the progress bar, the lines of a watch, the summary and the exit code."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from app.cli.ingest.plan import Action, RemoteDocument, Step

# Exit codes of `localchat ingest`. 2 means, as for every command, that it could not go on.
ALL_IN, SOME_BROKEN, SOME_REFUSED = 0, 1, 3

# Called with what happened (a verb), the file, and details.
Tell = Callable[[str, str, str], None]
_UNFINISHED = frozenset({"queued", "processing"})


@dataclass(slots=True)
class PendingDocument:
    """A document in ingestion as last seen, and its files, which have equal content."""

    document: RemoteDocument
    steps: dict[str, Step]


@dataclass(slots=True)
class IngestReport:
    """The outcome of each file by its path. `broken`: failures that are not the fault of the file.

    `pending` are the documents in work by their id.
    """

    tell: Tell = lambda _verb, _name, _more: None
    ready: dict[str, int] = field(default_factory=dict)
    unchanged: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    removed: int = 0
    pending: dict[str, PendingDocument] = field(default_factory=dict)
    warned: dict[str, str] = field(default_factory=dict)
    given_up: set[tuple[str, str]] = field(default_factory=set)

    def sent(self, step: Step, document: RemoteDocument) -> None:
        """Note that a file was accepted, or was there already."""
        if step.action is Action.UNCHANGED or document.status == "unchanged":
            if step.name not in self.ready and document.id not in self.pending:
                self.unchanged.add(step.name)
        else:
            self.tell("replaced" if step.action is Action.REPLACE else "uploaded", step.name, step.why)
        work = self.pending.setdefault(document.id, PendingDocument(document, {}))
        work.steps[step.name] = step
        if document.status != "unchanged":
            self.saw(document)

    def saw(self, document: RemoteDocument) -> None:
        """Note the progress of a document in work."""
        work = self.pending[document.id]
        work.document = document
        if document.status in _UNFINISHED:
            return
        del self.pending[document.id]
        for step in work.steps.values():
            self._ended(step, document)

    def _ended(self, step: Step, document: RemoteDocument) -> None:
        match document.status:
            case "ready" | "partial" if not document.failed_count:
                self._warn(step.name, document.warnings)
                if step.action is not Action.UNCHANGED and step.name not in self.unchanged:
                    self.tell("ready", step.name, f"{document.chunk_count} chunks")
                self._settle(step.name)
                self.ready[step.name] = document.chunk_count
            case "failed":
                self.refuse(step.name, document.error or "no reason was given", step)
            case status:
                self.fail(step.name, f"{status}: {document.error or 'no reason was given'}", step)

    def _warn(self, name: str, warnings: Sequence[str]) -> None:
        self.warned.pop(name, None)
        if warnings:
            self.warned[name] = "; ".join(warnings)

    def lost(self, document_id: str) -> None:
        """Note that a document was deleted while it was in work."""
        for name in self.pending.pop(document_id).steps:
            self.fail(name, "its document was deleted meanwhile")

    def refuse(self, name: str, reason: str, step: Step | None = None) -> None:
        self._end(self.refused, "refused", name, reason, step)

    def fail(self, name: str, reason: str, step: Step | None = None) -> None:
        self._end(self.broken, "broken", name, reason, step)

    def remove(self, step: Step) -> None:
        self.removed += 1
        self.tell("removed", step.name, step.why)

    def keep_only(self, names: set[str]) -> None:
        """Forget the files that are gone."""
        for ended in (self.ready, self.refused, self.broken, self.warned):
            for name in ended.keys() - names:
                del ended[name]
        self.unchanged &= names

    @property
    def exit_code(self) -> int:
        return SOME_BROKEN if self.broken else SOME_REFUSED if self.refused else ALL_IN

    def _settle(self, name: str) -> None:
        for ended in (self.ready, self.refused, self.broken):
            ended.pop(name, None)

    def _end(self, ended: dict[str, str], verb: str, name: str, reason: str, step: Step | None) -> None:
        if ended.get(name) != reason:
            self.tell(verb, name, reason)
        self._settle(name)
        ended[name] = reason
        if step is not None and step.file is not None:
            self.given_up.add((step.file.source, step.file.sha256))


def report(console: Console, ledger: IngestReport) -> None:
    """Print one line of counts, then tables of refused and broken files, with the reasons."""
    total = len(ledger.ready) + len(ledger.refused) + len(ledger.broken)
    unchanged = len(ledger.unchanged & ledger.ready.keys())
    notes = f" ({unchanged} were there already)" if unchanged else ""
    line = f"{total} files: {len(ledger.ready)} ready{notes} in {sum(ledger.ready.values())} chunks, "
    line += f"{len(ledger.refused)} refused, {len(ledger.broken)} broken"
    if ledger.pending:
        line += f", {len(ledger.pending)} still in work"
    if ledger.removed:
        line += f"; {ledger.removed} removed"
    console.print(line, highlight=False)
    tables = (
        ("Not read whole", "Warnings", ledger.warned),
        ("Refused", "Reason", ledger.refused),
        ("Broken", "Reason", ledger.broken),
    )
    for title, head, rows in tables:
        if rows:
            show_table(console, title, ("File", head), sorted(rows.items()))


def show_table(console: Console, title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """The last column gets the rest of the width."""
    *first, last = heads
    columns = [*(Column(head, overflow="fold") for head in first), Column(last, overflow="fold")]
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*map(_plain, row))
    console.print(table)


def _plain(text: str) -> str:
    """Escape names: they may hold markup of rich, and characters that no terminal prints."""
    return escape(text.encode(errors="replace").decode())
