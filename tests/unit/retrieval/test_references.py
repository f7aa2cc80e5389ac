"""Pages and quarters that a question names."""

import pytest

from app.retrieval.references import pages_in, quarters_in


@pytest.mark.parametrize(
    ("question", "pages"),
    [
        ("What is on page 3?", [3]),
        ("Compare pages 2-4 of the outline", [2, 3, 4]),
        ("pp. 2 to 3", [2, 3]),
        ("slide no. 7", [7]),
        ("Was steht auf Seite 12?", [12]),
        ("the second page and the 4th slide", [2, 4]),
        ("第3页", [3]),
        ("3ページ", [3]),
        ("page 1 to 900", [1]),
        ("page 0", []),
        ("How many pages are there?", []),
        ("the homepage 3 of us", []),
        ("24 pages", []),
    ],
)
def test_the_pages_of_a_question(question: str, pages: list[int]) -> None:
    assert pages_in(question) == pages


@pytest.mark.parametrize(
    ("question", "quarters"),
    [
        ("What was the revenue in the third quarter of 2023?", ["Q3"]),
        ("the first-quarter report and the 2nd quarter", ["Q1", "Q2"]),
        ("quarter 4 against quarter 4", ["Q4"]),
        ("Umsatz im dritten Quartal, im 1. Quartal", ["Q3", "Q1"]),
        ("the last quarter", []),
        ("a quarter of an hour", []),
    ],
)
def test_the_quarters_of_a_question(question: str, quarters: list[str]) -> None:
    assert quarters_in(question) == quarters
