"""Every file of the evaluation set through the process pool: searchable text, or a reason to act on."""

import csv
import re
import unicodedata
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.errors import UnreadableDocument, UnsupportedMedia
from app.ingestion.document.model import LoadedDocument
from app.ingestion.loaders.pool import ChildPool, whole
from app.ingestion.loaders.worker import Limits
from app.ingestion.splitting.splitter import SplitterConfig, embedding_text
from app.ollama.catalog import prefixes_for
from tests.support.folders import REPO
from tests.support.loader_tasks import read_and_split
from tests.support.tokens import model_tokens

FILES = REPO.parent / "shared" / "data" / "files"
INDEX = FILES / "index.tsv"

SPLIT = SplitterConfig()
PREFIX = prefixes_for(SPLIT.model).document

IGNORED = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
EAST_ASIAN = re.compile("[\u3000-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef]")
MUST_HOLD = {"text", "text_if_supported"}
MUST_REFUSE = {"reject", "bomb"}
REASON_SAYS = {
    "encrypted": ("encrypted", "password"),
    "password": ("encrypted", "password"),
    "0-byte": ("empty",),
    "truncated": ("truncated", "no extractable text"),
    "whitespace only": ("no text",),
}


def rows() -> list[dict[str, str]]:
    if not INDEX.exists():
        return []
    with INDEX.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


ROWS = rows()
pytestmark = [
    pytest.mark.skipif(not ROWS, reason=f"the evaluation files are not at {FILES.parent.name}/{FILES.name}"),
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool() -> AsyncIterator[ChildPool]:
    pool = ChildPool(2, Limits())
    yield pool
    await pool.close()


def comparable(text: str) -> str:
    return " ".join(IGNORED.sub("", unicodedata.normalize("NFKC", text).lower()).split())


def holds(text: str, phrase: str) -> bool:
    text, phrase = comparable(text), comparable(phrase)
    if EAST_ASIAN.search(phrase):
        text, phrase = text.replace(" ", ""), phrase.replace(" ", "")
    return phrase in text


def pages_holding(document: LoadedDocument, phrase: str) -> list[int | None]:
    return sorted({s.page for s in document.sections if holds(s.text, phrase)}, key=lambda page: page or 0)


async def read(pool: ChildPool, row: dict[str, str]) -> LoadedDocument | UnsupportedMedia | UnreadableDocument:
    content = (FILES / row["file"]).read_bytes()
    try:
        document, chunks = await pool.run(read_and_split, whole(content), row["file"].partition("__")[2])
    except (UnsupportedMedia, UnreadableDocument) as refusal:
        return refusal
    assert chunks
    assert all(chunk.text.strip() for chunk in chunks)
    # Nothing of what is embedded is cut off, prefix included, by the model's own count.
    sent = [PREFIX + embedding_text(chunk.text, chunk.section) for chunk in chunks]
    assert max(map(model_tokens, sent)) <= SPLIT.max_tokens
    assert {chunk.page for chunk in chunks} <= {section.page for section in document.sections}
    forbidden = row["must_not_contain"].encode().decode("unicode_escape")
    assert not forbidden or not any(forbidden in chunk.text for chunk in chunks)
    assert isinstance(document, LoadedDocument)
    return document


def check_reason(row: dict[str, str], refusal: UnsupportedMedia | UnreadableDocument) -> None:
    assert row["expect"] not in MUST_HOLD, refusal.detail
    if row["expect"] == "reject" and isinstance(refusal, UnreadableDocument):
        for note, words in REASON_SAYS.items():
            if note in row["note"]:
                assert any(word in refusal.detail.lower() for word in words)


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
async def test_a_file_becomes_text_or_is_refused_with_a_reason(row: dict[str, str], pool: ChildPool) -> None:
    outcome = await read(pool, row)
    if not isinstance(outcome, LoadedDocument):
        check_reason(row, outcome)
        return
    assert row["expect"] not in MUST_REFUSE
    text = "\n".join(section.text for section in outcome.sections)
    assert "\x00" not in text
    assert text == unicodedata.normalize("NFC", text)
    if row["expect"] == "safe":
        return
    assert holds(text, row["phrase"])
    if row["page"]:
        assert pages_holding(outcome, row["phrase"]) == sorted(map(int, row["page"].split(",")))
