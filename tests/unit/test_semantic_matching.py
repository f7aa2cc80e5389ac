"""Which cached question may answer for another: the nearest that no guard refuses."""

from app.cache.semantic.matching import Candidate, best, refused

ASKED = "How do I enable two-factor authentication for my account?"


def candidate(question: str, similarity: float) -> Candidate:
    return Candidate(question, question, similarity)


def test_the_nearest_that_no_guard_refuses_is_taken() -> None:
    negated = candidate("How do I not enable two-factor authentication for my account?", 0.99)
    near = candidate("How can I enable two-factor authentication for my account?", 0.97)
    far = candidate("How should I enable two-factor authentication for my account?", 0.95)
    assert refused(ASKED, negated.question)
    assert best(ASKED, [far, negated, near]) == near
    assert best(ASKED, [negated]) is None
    assert best(ASKED, []) is None


def test_a_question_that_does_not_stand_alone_gets_nothing_however_near() -> None:
    asked = "What about the other one?"
    assert refused(asked, asked)
    assert best(asked, [candidate(asked, 1.0)]) is None
