"""Hyphens of line breaking go, those of a word stay."""

import pytest

from app.ingestion.loaders.pdf_layout.hyphens import joined, without_soft
from app.ingestion.loaders.pdf_layout.words import SOFT


@pytest.mark.parametrize(
    ("left", "right", "text"),
    [
        (f"the documen{SOFT}", "tation of", "the documentation of"),
        (f"pump AX{SOFT}", "1200 says", "pump AX-1200 says"),
        (f"a state-of-the{SOFT}", "art seal", "a state-of-the-art seal"),
        (f"write an e{SOFT}", "mail", "write an e-mail"),
        (f"in Berlin{SOFT}", "Mitte", "in Berlin-Mitte"),
        (f"the well{SOFT}", "known case", "the well-known case"),
        (f"a pre{SOFT}", "heater is", "a preheater is"),
        ("from 2019-", "2021 on", "from 2019-2021 on"),
        ("part SN-77-", "B4", "part SN-77-B4"),
        ("and so on -", "he said", "and so on - he said"),
        ("これは日本", "語です", "これは日本語です"),
        ("one", "two", "one two"),
    ],
)
def test_lines_are_joined_as_they_are_read(left: str, right: str, text: str) -> None:
    assert joined(left, right, {"well-known", "preheater"}) == text


def test_a_hyphen_at_the_end_of_all_stays() -> None:
    assert without_soft(f"ends with pre{SOFT}", frozenset()) == "ends with pre-"
