"""Real questions over real documentation and filings, by the page that answers them."""

import json
from pathlib import Path

import httpx

from tests.support.service import search

# BM25 over whole pages answers 85.7 % of these within its top five.
AWS_SHARE = 0.88


def test_aws_questions_find_their_page_among_five_sources(service: httpx.Client, data: Path) -> None:
    """After `localchat ingest shared/data/docs/aws/pages --collection aws`."""
    questions = [json.loads(line) for line in (data / "docs/aws/questions.jsonl").read_text().splitlines()]
    missed = []
    for question in questions:
        names = [str(hit["filename"]) for hit in search(service, question["text"], "aws")]
        if not any(question["doc"].endswith(name) or name.endswith(question["doc"]) for name in names):
            missed.append(f"{question['id']} {question['text']} -> {names}")
    share = 1 - len(missed) / len(questions)
    print(f"aws success@5: {share:.3f} of {len(questions)}")
    assert share >= AWS_SHARE, "\n".join(missed)


def test_filings_are_cited_by_a_page_that_holds_the_passage(service: httpx.Client, data: Path) -> None:
    """After `localchat ingest shared/data/rag/sec10q/pdfs --collection sec10q`."""
    questions = [json.loads(line) for line in (data / "rag/sec10q/questions.jsonl").read_text().splitlines()]
    right = 0
    for question in questions:
        hits = search(service, question["text"], "sec10q")
        assert all(isinstance(hit["page"], int) and hit["page"] >= 1 for hit in hits)
        right += any(Path(str(hit["filename"])).name in question["docs"] for hit in hits)
    print(f"sec10q: a right filing among five sources for {right} of {len(questions)}")
    assert right / len(questions) > 0.5
