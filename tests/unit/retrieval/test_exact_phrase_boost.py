"""A phrase that a passage holds word for word brings that passage to the front."""

from uuid import UUID

import pytest

from app.domain.retrieval import ScoredChunk
from app.retrieval.exact_phrase_boost import BONUS, Phrase, raised


def passage(chunk_id: int, text: str, score: float = 0.0) -> ScoredChunk:
    return ScoredChunk(chunk_id, UUID(int=chunk_id), "a.txt", None, None, text, score, {})


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("Potato 12", "A\npotato\n12."),
        ("This is my second", "And this is  MY second one"),
        ("Less-than", "less than"),
        ("file types", "\ufb01le ty\u00adpes"),
        ("機器學習", "談機器學習的書"),
    ],
)
def test_a_phrase_is_found_whatever_case_and_white_space_it_has(question: str, text: str) -> None:
    phrase = Phrase.of(question)
    assert phrase is not None
    assert phrase.within(passage(1, text))


@pytest.mark.parametrize(
    ("question", "text"),
    [("Potato 12", "Potato 121"), ("some content", "awesome content"), ("a b", "b a"), ("機器學習", "機器與學習")],
)
def test_other_words_or_another_order_are_no_match(question: str, text: str) -> None:
    phrase = Phrase.of(question)
    assert phrase is not None
    assert not phrase.within(passage(1, text))


@pytest.mark.parametrize("question", ["word", "...", "one two three four five six seven eight nine"])
def test_single_words_and_long_questions_are_left_to_the_arms(question: str) -> None:
    assert Phrase.of(question) is None


def test_a_passage_with_the_phrase_passes_what_resembles_it_but_not_what_is_far_better() -> None:
    phrase = Phrase.of("potato 12")
    assert phrase is not None
    ranked = [passage(1, "answer", BONUS + 1), passage(2, "potato 4", 0.6), passage(3, "potato 12", 0.5)]
    assert [item.chunk_id for item in raised(ranked, phrase)] == [1, 3, 2]
