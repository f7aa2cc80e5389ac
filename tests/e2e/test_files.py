"""After `localchat ingest shared/data/files --collection files`: every file is found, or refused with a reason."""

import csv
import re
import unicodedata
from pathlib import Path

import httpx

from tests.support.service import documents, search

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")


def plain(text: str) -> str:
    """Comparable text, as the data's README says; without white space, so that it suits any script."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text).lower())
    return "".join(text.split())


def test_each_file_is_found_by_its_phrase_or_refused_with_a_reason(service: httpx.Client, data: Path) -> None:
    stored = {Path(name).name: document for name, document in documents(service, "files").items()}
    wrong: list[str] = []
    with (data / "files" / "index.tsv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows, delimiter="\t", quoting=csv.QUOTE_NONE):
            problem = check(service, row, stored.get(row["file"]))
            if problem:
                wrong.append(f"{row['file']} ({row['expect']}): {problem}")
    assert not wrong, "\n" + "\n".join(wrong)


def check(  # noqa: PLR0911 - one return for each thing that can be wrong
    service: httpx.Client, row: dict[str, str], document: dict[str, object] | None
) -> str | None:
    expect, phrase = row["expect"], row["phrase"]
    if document is None:
        return "is not in the collection"
    refused = document["status"] == "failed"
    if refused and not document["error"]:
        return "refused without a reason"
    if refused:
        return f"refused: {document['error']}" if expect == "text" else None
    if document["status"] != "ready":
        return f"is {document['status']}"
    if expect in {"reject", "bomb"}:
        return "was let in"
    if not phrase or expect in {"safe", "reject_or_unpack"}:
        return None
    found = [hit for hit in search(service, phrase, "files", 20) if hit["document_id"] == document["id"]]
    if not found:
        return "its phrase does not find it"
    holding = [hit for hit in found if plain(phrase) in plain(str(hit["text"]))]
    if not holding:
        return "no passage found holds the phrase"
    pages = {int(page) for page in row["page"].split(",") if page}
    if pages and not pages & {hit["page"] for hit in holding}:
        return f"found on page {[hit['page'] for hit in holding]}, not {sorted(pages)}"
    return None
