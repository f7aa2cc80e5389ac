"""Questions go by what a cross-encoder says of passages and their documents, descriptions by the search's order."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.retrieval.cross_encoder_order import reordered
from tests.support.answering import chunk

QUESTION = "When does the ferry leave?"
STATEMENT = " ".join(["a word"] * 10)
DESCRIPTION = " ".join(["a word"] * 20)
# Three passages of documents of their own, best first.
PASSAGES = [replace(chunk(number, "text"), document_id=UUID(int=number)) for number in (1, 2, 3)]


def order(question: str, logits: list[float], passages: list[int] | None = None) -> list[int]:
    """The chunks' ids; `passages`: the document of each."""
    documents = passages or [1, 2, 3]
    given_ones = [
        replace(one, document_id=UUID(int=document)) for one, document in zip(PASSAGES, documents, strict=True)
    ]
    return [passage.chunk_id for passage in reordered(question, given_ones, logits)]


def test_for_a_question_the_cross_encoder_decides() -> None:
    assert order(QUESTION, [-1, 0, 5]) == [3, 2, 1]


def test_a_document_of_which_several_passages_answer_goes_before_another() -> None:
    assert order(QUESTION, [4.8, 5, 4.8], [1, 2, 1]) == [1, 3, 2]
    assert order(QUESTION, [4.8, 9, 4.8], [1, 2, 1]) == [2, 1, 3]


def test_for_a_statement_both_count_alike_and_for_a_description_the_search() -> None:
    assert order(STATEMENT, [0.1, 0, 0.1]) == [1, 3, 2]
    assert order(STATEMENT, [-9, 0, 9]) == [3, 1, 2]
    assert order(DESCRIPTION, [-9, 0, 9]) == [1, 2, 3]


def test_passages_that_were_not_read_stay_behind() -> None:
    assert order(QUESTION, [0, 5]) == [2, 1, 3]
    assert order(QUESTION, []) == [1, 2, 3]


@given(
    st.lists(st.floats(-16, 16), min_size=1, max_size=3),
    st.lists(st.integers(1, 3), min_size=3, max_size=3),
    st.sampled_from([QUESTION, STATEMENT, DESCRIPTION]),
)
def test_no_passage_is_lost_and_scores_fall(logits: list[float], documents: list[int], question: str) -> None:
    given_ones = [
        replace(one, document_id=UUID(int=document)) for one, document in zip(PASSAGES, documents, strict=True)
    ]
    found = reordered(question, given_ones, logits)
    assert sorted(passage.chunk_id for passage in found) == [1, 2, 3]
    scores = [passage.score for passage in found]
    assert scores == sorted(scores, reverse=True)
