"""Questions about the documents themselves are told from questions for facts."""

from datetime import UTC, datetime

import pytest

from app.generation.intents import Intent, Subject, date_in, intent_of, named_in

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("question", "subject"),
    [
        ("What files are here?", Subject.FILES),
        ("which documents do you have", Subject.FILES),
        ("List all files", Subject.FILES),
        ("Welche Dateien gibt es?", Subject.FILES),
        ("Quels documents sont là ?", Subject.FILES),
        ("What is new since March?", Subject.NEW),
        ("what's changed since 2026-03-01", Subject.NEW),
        ("Summarise README.md", Subject.SUMMARY),
        ("Please summarize the handbook", Subject.SUMMARY),
        ("Give me a short summary of report.pdf", Subject.SUMMARY),
        ("What is this about?", Subject.SUMMARY),
        ("What is handbook.pdf about?", Subject.SUMMARY),
        ("Fasse das Handbuch zusammen", Subject.SUMMARY),
        ("When does the ferry leave?", None),
        ("What documents do I need for a visa?", None),
        ("What does the report say about files?", None),
        ("How do I summarise a column?", None),
        ("Which files that begin with a dot are ignored?", None),
        ("List all files that mention ferries", None),
    ],
)
def test_what_a_question_is_about(question: str, subject: Subject | None) -> None:
    found = intent_of(question, NOW)
    assert (found and found.subject) == subject


def test_a_summary_of_what_is_not_named_is_vague() -> None:
    assert intent_of("What is this document about?") == Intent(Subject.SUMMARY, vague=True)
    assert intent_of("What is the ferry about?") == Intent(Subject.SUMMARY, vague=False)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("since 2026-03-01", (2026, 3, 1)),
        ("since March", (2026, 3, 1)),
        ("since December", (2025, 12, 1)),
        ("after 5 May 2025", (2025, 5, 5)),
        ("after May 5, 2025", (2025, 5, 5)),
        ("since yesterday", (2026, 11, 27)),
        ("since last week", (2026, 11, 21)),
    ],
)
def test_dates_are_read_as_people_write_them(text: str, date: tuple[int, int, int]) -> None:
    assert date_in(text, NOW) == datetime(*date, tzinfo=UTC)


@pytest.mark.parametrize("text", ["since then", "since 2026-13-45", "since 31 February 2026"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert date_in(text, NOW) is None


def test_files_are_named_with_or_without_their_ending() -> None:
    names = ["docs/README.md", "handbook.pdf", "handbook of ferries.pdf"]
    assert named_in("Summarise README.md", names) == [0]
    assert named_in("What is the Handbook about?", names) == [1]
    assert named_in("Summarise the handbook of ferries", names) == [2, 1]
    assert named_in("Summarise everything", names) == []
