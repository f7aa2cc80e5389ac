"""When nothing relevant was found, and what a follow-up is searched as."""

import pytest

from app.domain.answers import Message
from app.generation.gate import AnswerGate, Verdict
from app.generation.rewriting import RuleRewriter
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
async def test_a_follow_up_is_searched_with_the_words_it_points_back_to(
    history: tuple[str, ...], question: str, searched: str
) -> None:
    assert await RuleRewriter().standalone(question, user(*history)) == searched


async def test_answers_do_not_steer_the_search() -> None:
    history = [Message("user", "Where is the Eiffel Tower?"), Message("assistant", "In Berlin, of course.")]
    assert "Berlin" not in await RuleRewriter().standalone("How tall is it?", history)


def test_terms_are_folded_and_figures_kept_whole() -> None:
    assert terms("The Encrypted keys cost 1,234.50 dollars") == ["encryp", "key", "cost", "1234.50", "dollar"]
    assert terms("東京都") == ["東京", "京都"]


def test_sentences_joined_give_the_text_back() -> None:
    text = "One. Two!  Three\n\nfour 五。六"
    assert sentences(text) == ["One. ", "Two!  ", "Three\n\n", "four 五。", "六"]
    assert "".join(sentences(text)) == text
