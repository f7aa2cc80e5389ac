"""Small files with what a person sees in them: `tests/data/cases`, and the rules of its `expect.jsonl`.

After NFKC and with white space folded:
    has, lacks: phrases somewhere, or nowhere, in the chunks. together: phrases that stand in one chunk.
    pages: the pages of the chunks that hold a phrase. section: a heading of some chunk.
    reported: one of the words is in the document's warnings. status: the document's.
    order: phrases that follow one another. lines: the body keeps its line breaks.
    asks: a question, the file that comes first, and a phrase in that result. chats: questions that are answered.
    beside: further files of the same collection.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from tests.support.folders import REPO

CASES = REPO / "tests" / "data" / "cases"
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_LEAST_LINES = 6

Case = dict[str, Any]


class CaseChunk(Protocol):
    @property
    def text(self) -> str: ...
    @property
    def section(self) -> str | None: ...
    @property
    def page(self) -> int | None: ...


def all_cases() -> list[Case]:
    return [json.loads(line) for line in (CASES / "expect.jsonl").read_text().splitlines()]


def plain(text: str | None) -> str:
    return " ".join(_INVISIBLE.sub("", unicodedata.normalize("NFKC", text or "")).split())


def faults_of(case: Case, chunks: Sequence[CaseChunk], told: str, status: str) -> list[str]:
    """What differs from what a person sees. `told` are the document's warnings."""
    texts = [plain(f"{chunk.section or ''} {chunk.text}") for chunk in chunks]
    return [*_phrases(case, chunks, texts), *_structure(case, chunks), *_outcome(case, len(chunks), told, status)]


def _phrases(case: Case, chunks: Sequence[CaseChunk], texts: Sequence[str]) -> Iterator[str]:
    whole = " ".join(texts)
    yield from (f"lacks {phrase!r}" for phrase in case.get("has", ()) if plain(phrase) not in whole)
    yield from (f"has {phrase!r}" for phrase in case.get("lacks", ()) if plain(phrase) in whole)
    for group in case.get("together", ()):
        if not any(all(plain(phrase) in text for phrase in group) for text in texts):
            yield f"not in one chunk: {group}"
    for phrase, pages in case.get("pages", {}).items():
        found = {chunk.page for chunk, text in zip(chunks, texts, strict=True) if plain(phrase) in text}
        if found != set(pages):
            yield f"{phrase!r} on pages {found}, not {pages}"


def _structure(case: Case, chunks: Sequence[CaseChunk]) -> Iterator[str]:
    if "section" in case and not any(case["section"] in (chunk.section or "") for chunk in chunks):
        yield f"no section {case['section']!r}"
    whole = plain(" ".join(chunk.text for chunk in chunks))
    places = [whole.find(plain(phrase)) for phrase in case.get("order", ())]
    if -1 in places or places != sorted(places):
        yield f"another order: {places}"
    if case.get("lines") and max(chunk.text.count("\n") for chunk in chunks) < _LEAST_LINES:
        yield "line breaks are lost"


def _outcome(case: Case, chunks: int, told: str, status: str) -> Iterator[str]:
    wanted = case.get("reported", ())
    if wanted and not any(word in told for word in wanted) and chunks < len(wanted) + 2:
        yield f"not reported: {told}"
    if "status" in case and status != case["status"]:
        yield f"status {status}, not {case['status']}"
