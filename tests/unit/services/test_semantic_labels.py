"""The tests by which a would-be hit is called right or wrong."""

from typing import Any

import pytest

from app.services.semantic.labels import rests_on, same_answers, same_results


def results(*chunks: int) -> dict[str, Any]:
    return {"retrieval": {"results": tuple({"chunk_id": chunk} for chunk in chunks)}}


@pytest.mark.parametrize(
    ("cached", "fresh", "correct", "detail"),
    [
        ((1, 2, 3, 4, 5), (1, 2, 3, 4, 5), True, "100% of the passages are the same"),
        ((1, 2, 3, 4, 5), (2, 1, 3, 6, 7), True, "60% of the passages are the same"),
        ((1, 2, 3, 4, 5), (1, 2, 8, 6, 7), False, "40% of the passages are the same"),
        ((1, 2, 3, 4, 5), (3, 2, 1, 4, 5), False, "another passage is the best"),
        ((1, 2, 3, 4, 5), (2, 3, 1, 4, 5), False, "another passage is the best"),
        ((1, 2), (1, 2, 3, 4, 5), False, "40% of the passages are the same"),
        ((), (), True, "both found nothing"),
        ((), (1,), False, "0% of the passages are the same"),
    ],
)
def test_searches_are_the_same_by_their_passages(
    cached: tuple[int, ...], fresh: tuple[int, ...], correct: bool, detail: str
) -> None:
    verdict = same_results(results(*cached), results(*fresh))
    assert (verdict.correct, verdict.detail) == (correct, detail)
    assert same_results(results(*fresh), results(*cached)).correct is correct


def answer(text: str, *sources: int, finish: str = "stop") -> dict[str, Any]:
    middle = len(text) // 2
    return {
        "events": (
            {"event": "status", "stage": "retrieve"},
            {"event": "sources", "items": tuple({"chunk_id": source} for source in sources)},
            {"event": "delta", "text": text[:middle]},
            {"event": "delta", "text": text[middle:]},
            {"event": "done", "finish_reason": finish},
        )
    }


@pytest.mark.parametrize(
    ("sources", "found", "rests"),
    [
        ((1, 2, 3, 4), (3, 1, 9, 8), True),
        ((1, 2, 3, 4), (1, 8, 9, 2), False),
        ((1, 2), (2, 1), True),
        ((1,), (1,), True),
        ((1,), (1, 2, 3), False),
        ((), (), True),
        ((), (1,), False),
    ],
)
def test_an_answer_rests_on_what_is_found_if_the_first_passages_are_the_same(
    sources: tuple[int, ...], found: tuple[int, ...], rests: bool
) -> None:
    assert rests_on(answer("Said.", *sources), found) is rests


LEAVE = "There are 30 days of leave. [1]"


@pytest.mark.parametrize(
    ("cached", "fresh", "detail"),
    [
        (answer(LEAVE, 1, 2), answer(LEAVE, 1, 2), None),
        (answer(LEAVE, 1, 2), answer("You have 30 days of leave. [2]", 2, 1), None),
        (answer(LEAVE, 1, 2, 3), answer(LEAVE, 1, 2, 4), None),
        (answer(LEAVE, 1, 2, 3), answer(LEAVE, 3, 4, 5), "20% of the sources are the same"),
        (answer(LEAVE, 1), answer("There are 28 days of leave. [1]", 1), "the figures differ"),
        (answer("It is safe.", 1), answer("It is not safe.", 1), "only one of them negates"),
        (answer("It is safe.", 1), answer("It isn't safe.", 1), "only one of them negates"),
        (answer("Dogs travel free.", 1), answer("Cats need their own ticket.", 1), "0% of the words are the same"),
        (answer("Nothing.", finish="no_context"), answer("Nothing.", finish="no_context"), None),
        (answer("", 1), answer("", 1), None),
        (answer("Nothing.", finish="no_context"), answer(LEAVE, 1), "only one of them found anything"),
    ],
)
def test_answers_are_the_same_by_their_sources_and_words(
    cached: dict[str, Any], fresh: dict[str, Any], detail: str | None
) -> None:
    for verdict in (same_answers(cached, fresh), same_answers(fresh, cached)):
        assert verdict.correct is (detail is None)
        if detail is not None:
            assert verdict.detail == detail
