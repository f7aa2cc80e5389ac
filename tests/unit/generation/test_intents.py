"""Questions about the documents themselves are told from questions for facts."""

from datetime import UTC, datetime

import pytest

from app.generation.overviews.dates import date_in
from app.generation.overviews.intents import (
    Intent,
    Pointing,
    Subject,
    intent_for,
    intent_of,
    may_be_about_documents,
)
from app.generation.overviews.naming import named_in, without_names

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
        ("What is new in version 2?", None),
        ("What changed in the handbook?", None),
        ("Quels documents faut-il pour un passeport ?", None),
        ("Welche Dokumente habe ich einzureichen?", None),
        ("How many documents are there?", Subject.FILES),
        ("Which files were added this week?", Subject.NEW),
        ("Compare handbook.md and prices.md", Subject.COMPARE),
        ("What is the difference between the two contracts?", Subject.COMPARE),
        ("How does north.txt differ from south.txt?", Subject.COMPARE),
        ("List all deadlines", Subject.LIST),
        ("Give me every price in prices.md", Subject.LIST),
        ("What does the handbook say?", Subject.SUMMARY),
        ("What does the handbook say about leave?", None),
        ("Compare", Subject.COMPARE),
        ("Summarise " + "the ferry " * 100, None),
    ],
)
def test_what_a_question_is_about(question: str, subject: Subject | None) -> None:
    found = intent_of(question, NOW)
    assert (found and found.subject) == subject


ASKED = {
    "de": (
        "Welche Dokumente gibt es hier?",
        "Was ist neu seit März?",
        "Fasse dieses Dokument zusammen",
        "Vergleiche handbuch.md und preise.md",
        "Nenne alle Fristen",
    ),
    "fr": (
        "Quels fichiers y a-t-il ici ?",
        "Quoi de neuf depuis mars ?",
        "Résume ce document",
        "Quelles sont les différences entre a.md et b.md ?",
        "Liste tous les délais",
    ),
    "es": (
        "¿Qué documentos hay aquí?",
        "¿Qué hay de nuevo desde marzo?",
        "¿De qué trata este documento?",
        "Compara a.md y b.md",
        "Enumera todos los plazos",
    ),
    "it": (
        "Quali documenti ci sono?",
        "Cosa c'è di nuovo da marzo?",
        "Riassumi questo documento",
        "Qual è la differenza tra a.md e b.md?",
        "Elenca tutte le scadenze",
    ),
    "pt": (
        "Quais documentos existem?",
        "O que há de novo desde março?",
        "Resuma este documento",
        "Qual é a diferença entre a.md e b.md?",
        "Liste todos os prazos",
    ),
    "nl": (
        "Welke documenten zijn er?",
        "Wat is er nieuw sinds maart?",
        "Vat dit document samen",
        "Wat is het verschil tussen a.md en b.md?",
        "Noem alle deadlines",
    ),
    "pl": (
        "Jakie dokumenty tu są?",
        "Co nowego od marca?",
        "Streść ten dokument",
        "Porównaj a.md i b.md",
        "Wymień wszystkie terminy",
    ),
    "zh": ("这里有哪些文件？", "3月以来有什么新内容？", "总结这个文档", "比较a.md和b.md", "列出所有截止日期"),  # noqa: RUF001 - as written
    "ja": (
        "ここにどんなファイルがありますか",
        "3月以降、何が新しいですか",
        "この文書を要約してください",
        "a.mdとb.mdの違いは何ですか",
        "すべての締め切りを教えてください",
    ),
}


@pytest.mark.parametrize("language", ASKED)
def test_every_language_asks_for_the_same(language: str) -> None:
    found = [intent_of(question, NOW) for question in ASKED[language]]
    assert [intent and intent.subject for intent in found] == list(Subject)
    assert found[1] is not None
    assert found[1].since == datetime(2026, 3, 1, tzinfo=UTC)
    assert found[2] is not None
    assert found[2].pointing is Pointing.ONE


@pytest.mark.parametrize(
    ("question", "pointing"),
    [
        ("What is this document about?", Pointing.ONE),
        ("Summarise", Pointing.ONE),
        ("What are these documents about?", Pointing.ALL),
        ("Summarise everything", Pointing.ALL),
        ("Worum geht es in diesen Dokumenten?", Pointing.ALL),
        ("总结所有文档", Pointing.ALL),
        ("What is the ferry about?", None),
        ("Summarise handbook.md", None),
    ],
)
def test_a_question_may_point_at_documents_without_a_name(question: str, pointing: Pointing | None) -> None:
    found = intent_of(question)
    assert found is not None
    assert (found.subject, found.pointing) == (Subject.SUMMARY, pointing)


def test_a_subject_that_a_model_told_has_what_the_question_gives() -> None:
    assert intent_for(Subject.NEW, "Anything fresh since March?", NOW).since == datetime(2026, 3, 1, tzinfo=UTC)
    assert intent_for(Subject.SUMMARY, "The gist of it?") == Intent(
        Subject.SUMMARY, what="The gist of it?", pointing=Pointing.ONE
    )
    assert intent_for(Subject.COMPARE, "Do the two documents differ?").pointing is Pointing.ALL
    assert intent_for(Subject.FILES, "Which are there?") == Intent(Subject.FILES)
    assert intent_for(Subject.LIST, "Every price?") == Intent(Subject.LIST, what="Every price?")


@pytest.mark.parametrize(
    ("question", "hints"),
    [("Are the two documents different?", True), ("两份文件一样吗", True), ("When does the ferry leave?", False)],
)
def test_some_words_make_a_model_worth_asking(question: str, hints: bool) -> None:
    assert may_be_about_documents(question) is hints


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
        ("in the last 10 days", (2026, 11, 18)),
        ("in den letzten 2 Wochen", (2026, 11, 14)),
        ("seit dem 1. März 2026", (2026, 3, 1)),
        ("seit 01.03.2026", (2026, 3, 1)),
        ("depuis le 1/3/2026", (2026, 3, 1)),
        ("since 3/1/2026", (2026, 3, 1)),
        ("since 28/11/2026", (2026, 11, 28)),
        ("desde el 5 de mayo de 2025", (2025, 5, 5)),
        ("od 5 maja", (2026, 5, 5)),
        ("自2026年3月5日以来", (2026, 3, 5)),
        ("12月以降", (2025, 12, 1)),
        ("seit gestern", (2026, 11, 27)),
        ("since 2024", (2024, 1, 1)),
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
    assert named_in("Summarise the handbook of ferries", names) == [2]
    assert named_in("Summarise everything", names) == []


def test_a_file_is_named_by_the_words_of_its_name() -> None:
    names = ["contract_north.txt", "incident_report_final_v3.txt", "员工手册.md"]
    assert named_in("Summarise the contract with North", names) == [0]
    assert named_in("What is the incident report about?", names) == [1]
    assert named_in("总结员工手册", names) == [2]
    assert named_in("Summarise the contract", names) == []


def test_a_topic_is_what_remains_without_the_names() -> None:
    names = ["a/leave policy.md", "Prices.md"]
    assert without_names("holidays in leave policy.md and prices", names) == "holidays in and"
