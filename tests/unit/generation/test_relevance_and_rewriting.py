"""When nothing relevant was found, and what a follow-up is searched as."""

import pytest

from app.domain.answers import Message
from app.generation.gate import AnswerGate, Verdict
from app.generation.rewriting import is_follow_up, rewriting_messages, rewritten_by_model, rewritten_by_rules
from app.generation.terms import sentences, terms
from tests.support.answering import PARIS, ROME, retrieval

ASKED = "What is the capital of France?"


@pytest.mark.parametrize(
    ("texts", "cosine", "holds"),
    [
        ((), 0.9, False),
        ((PARIS,), 0.7, True),
        ((PARIS,), 0.1, True),
        ((PARIS,), None, True),
        (("Mitochondria make ATP.",), 0.3, False),
        (("Mitochondria make ATP.",), 0.6, True),
        (("Mitochondria make ATP.",), None, False),
        ((ROME,), 0.2, False),
    ],
)
def test_similarity_and_shared_words_are_weighed_together(
    texts: tuple[str, ...], cosine: float | None, holds: bool
) -> None:
    verdict = AnswerGate().judge(ASKED, retrieval(*texts, cosine=cosine))
    assert verdict is (Verdict.ANSWERED if holds else Verdict.ABSENT)


@pytest.mark.parametrize(
    ("texts", "cosine", "logit", "verdict"),
    [
        ((PARIS,), 0.7, 8.0, Verdict.ANSWERED),
        ((PARIS,), 0.7, -1.0, Verdict.NEAR),
        ((PARIS,), 0.1, -9.0, Verdict.ABSENT),
        (("Mitochondria make ATP.",), 0.2, 6.0, Verdict.ANSWERED),
        (("Mitochondria make ATP.",), 0.2, -6.0, Verdict.ABSENT),
        (("Mitochondria make ATP.",), None, -6.0, Verdict.ABSENT),
    ],
)
def test_a_calibrated_reranker_decides(
    texts: tuple[str, ...], cosine: float | None, logit: float, verdict: Verdict
) -> None:
    gate = AnswerGate("ms-marco-minilm-l-12-v2")
    assert gate.judge(ASKED, retrieval(*texts, cosine=cosine), logit) is verdict


@pytest.mark.parametrize(
    ("reranker", "question"),
    [("unknown", ASKED), ("ms-marco-minilm-l-12-v2", "Wie heißt die Hauptstadt der Schweiz?")],
)
def test_scores_of_a_reranker_that_is_not_calibrated_decide_nothing(reranker: str, question: str) -> None:
    found = retrieval(PARIS, cosine=0.7)
    assert AnswerGate(reranker).judge(question, found, -11.0) is Verdict.ANSWERED


def user(*questions: str) -> list[Message]:
    return [Message("user", question) for question in questions]


@pytest.mark.parametrize(
    ("history", "question", "searched"),
    [
        ((), "How tall is it?", "How tall is it?"),
        (("Where is the Eiffel Tower?",), "How tall is it?", "Eiffel Tower How tall is it?"),
        (("Where is the Eiffel Tower?",), "Why?", "Eiffel Tower Why?"),
        (
            ("Where is the Eiffel Tower?", "How tall is it?"),
            "And who built it?",
            "Eiffel Tower tall And who built it?",
        ),
        (
            ("Where is the Eiffel Tower?",),
            "Which rivers flow through northern Italy?",
            "Which rivers flow through northern Italy?",
        ),
    ],
)
def test_a_follow_up_is_searched_with_the_words_it_points_back_to(
    history: tuple[str, ...], question: str, searched: str
) -> None:
    assert rewritten_by_rules(question, user(*history)) == searched


@pytest.mark.parametrize(
    ("question", "refers_back"),
    [
        ("I want to know the refund policy of the ferry line", False),
        ("A ferry to the island leaves at what hour?", False),
        ("Wie hoch ist er?", True),
        ("Und in Italien?", True),
        ("Wie viele Urlaubstage gibt es im Handbuch?", False),
        ("Et en Italie ?", True),
        ("Combien coûte un billet pour les enfants ?", False),
        ("¿Y los niños?", True),
        ("¿Cuánto cuesta un billete para niños?", False),
        ("Quanto costa un biglietto per i bambini?", False),
        ("E a Roma?", True),
        ("Onde fica ela?", True),
        ("En in Italië?", True),
        ("A we Włoszech?", True),
        ("意大利呢", True),
        ("员工每年有多少天带薪年假可以休", False),
        ("それはいつですか", True),
    ],
)
def test_a_question_refers_back_in_every_language(question: str, refers_back: bool) -> None:
    assert is_follow_up(question) is refers_back


def test_a_model_is_shown_the_last_exchanges_to_rewrite_a_question_and_must_reply_with_one() -> None:
    history = [*user(*(f"question {number}" for number in range(9))), Message("assistant", "long " * 500)]
    system, asked = rewriting_messages("Why?", history)
    assert system.role == "system"
    assert "question 4\n" in asked.content
    assert "question 3" not in asked.content
    assert len(asked.content) < 1000
    assert rewritten_by_model(' "Why is the tower tall?"\n') == "Why is the tower tall?"
    for reply in ("", "Sure!\nWhy is the tower tall?", "Why " * 200):
        assert rewritten_by_model(reply) is None


def test_answers_do_not_steer_the_search() -> None:
    history = [Message("user", "Where is the Eiffel Tower?"), Message("assistant", "In Berlin, of course.")]
    assert "Berlin" not in rewritten_by_rules("How tall is it?", history)


def test_terms_are_folded_and_figures_kept_whole() -> None:
    assert terms("The Encrypted keys cost 1,234.50 dollars") == ["encryp", "key", "cost", "1234.50", "dollar"]
    assert terms("東京都") == ["東京", "京都"]


def test_sentences_joined_give_the_text_back() -> None:
    text = "One. Two!  Three\n\nfour 五。六"
    assert sentences(text) == ["One. ", "Two!  ", "Three\n\n", "four 五。", "六"]
    assert "".join(sentences(text)) == text
