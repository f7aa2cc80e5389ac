"""Passages of a document whose name the question says."""

from uuid import UUID

import pytest

from app.domain.retrieval import ScoredChunk
from app.retrieval.named_document_boost import NamedDocuments, raised


@pytest.mark.parametrize(
    ("question", "filename", "share"),
    [
        ("Which languages does Jane Roe speak?", "people/CV_Jane_Roe.txt", 2 / 3),
        ("the revenue in the third quarter of 2023", "2023 Q3 ACME.pdf", 2 / 3),
        ("what does AnnualReport say", "annual_report.pdf", 1.0),
        ("Open report_v3.xlsx", "report_v3.xlsx", 1.0),
        ("How does the index work?", "guide/index.md", 0.0),
        ("a report about Jane", "CV_Jane_Roe.txt", 0.0),
        ("Jane Roe", "minutes of the meeting with Jane Roe.txt", 0.0),
        ("Jane Roe", ".txt", 0.0),
    ],
)
def test_the_share_of_a_name_that_a_question_says(question: str, filename: str, share: float) -> None:
    assert NamedDocuments(question).share(filename) == pytest.approx(share)


def test_passages_of_a_named_document_come_before_what_is_hardly_better() -> None:
    def passage(number: int, filename: str, score: float) -> ScoredChunk:
        return ScoredChunk(number, UUID(int=number), filename, None, None, "text", score, {})

    ranked = [passage(1, "a.txt", 2.0), passage(2, "b.txt", 0.9), passage(3, "CV_Jane_Roe.txt", 0.8)]
    found = raised(ranked, NamedDocuments("Jane Roe's languages"))
    assert [one.chunk_id for one in found] == [1, 3, 2]
    assert raised(ranked, NamedDocuments("languages")) == ranked
