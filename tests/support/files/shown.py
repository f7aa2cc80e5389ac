"""A file's content beside what a person sees in it."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.ingestion.loaders.extract import extract
from app.ingestion.splitting.splitter import SplitterConfig, splitter_for
from tests.support.files.cases import faults_of


@dataclass(frozen=True)
class Shown:
    """`has` and `lacks` are phrases of the whole file, `together` those of one chunk; `lines` keep their breaks."""

    filename: str
    content: str | bytes
    has: Sequence[str] = ()
    lacks: Sequence[str] = ()
    together: Sequence[Sequence[str]] = ()
    lines: Sequence[str] = ()
    section: str = ""
    reported: Sequence[str] = ()


def faults_of_file(shown: Shown) -> list[str]:
    """What differs once the file is read and cut."""
    content = shown.content.encode() if isinstance(shown.content, str) else shown.content
    document = extract(content, shown.filename)
    chunks = splitter_for(SplitterConfig()).split(document)
    told = " ".join(map(str, document.warnings))
    case = {
        "has": shown.has,
        "lacks": shown.lacks,
        "together": shown.together,
        "section": shown.section,
    }
    found = faults_of(case, chunks, told, "ready")
    found += [
        f"not on lines of its own: {part!r}" for part in shown.lines if not any(part in c.text for c in chunks)
    ]
    return found + [f"not reported: {word}" for word in shown.reported if word not in told]
