"""Quotes are the passages' own words, the best of them, in an order that reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.generation.quotes import CANDIDATES, QuotablePassage, Quote, QuoteChooser, echoes, written
from app.generation.sentences import Kind

FERRY = QuotablePassage(
    1,
    "Timetable\n\nThe ferry leaves at 7:40. It takes 25 minutes. Tickets are sold on board.\n\n"
    "| day | price |\n| Sunday | 3 euros |\n\n- dogs travel free\n\nBook like this:\n```sh\nferry book\n```",
    "Ferry > Timetable",
)
MUSEUM = QuotablePassage(2, "The museum opens at 10. The ferry passes it.")


def chosen(question: str, scores: dict[str, float] | None, most: int = 3) -> list[Quote]:
    """Choose with the scores of the sentences that begin so; others have a very low one."""
    chooser = QuoteChooser(question, [FERRY, MUSEUM])
    if scores is None:
        return chooser.choose(None, most)
    texts = {FERRY.number: FERRY.text, MUSEUM.number: MUSEUM.text}
    given_scores = [
        next(
            (score for start, score in scores.items() if one.sentence.of(texts[one.passage + 1]).startswith(start)),
            -20.0,
        )
        for one in chooser.candidates
    ]
    return chooser.choose(given_scores, most)


def test_the_best_sentence_is_quoted_with_its_place() -> None:
    (quote,) = chosen("When does the ferry leave?", {"The ferry leaves": 8})
    assert (quote.number, quote.text) == (1, "The ferry leaves at 7:40.")
    assert FERRY.text[quote.start : quote.end] == quote.text


def test_a_sentence_that_points_back_brings_the_one_before_it() -> None:
    (quote,) = chosen("How long does the ferry take?", {"It takes": 8})
    assert quote.text == "The ferry leaves at 7:40. It takes 25 minutes."


def test_code_brings_what_leads_to_it() -> None:
    lead, code = chosen("How do I book the ferry?", {"ferry book": 8})
    assert lead.text == "Book like this:"
    assert written(code.text, code.kind) == "```\nferry book\n```\n"


def test_a_sentence_is_read_under_its_headings_also_where_they_ask_the_question() -> None:
    passage = QuotablePassage(1, "Press the red button.", "Ferry > How do I stop the ferry?")
    (candidate,) = QuoteChooser("How do I stop the ferry?", [passage]).candidates
    assert candidate.shown == "Ferry > How do I stop the ferry?\nPress the red button."


def test_a_sentence_that_repeats_the_question_answers_nothing() -> None:
    passage = QuotablePassage(1, 'Ask it: "When does the ferry leave?" It leaves at 7.')
    candidates = QuoteChooser("When does the ferry leave?", [passage]).candidates
    assert [one.shown for one in candidates] == ["It leaves at 7."]


def test_rows_and_items_are_read_without_their_marks() -> None:
    (row,) = chosen("What is the price on Sunday?", {"| Sunday": 8})
    assert written(row.text, row.kind) == "Sunday | 3 euros"
    (item,) = chosen("Do dogs travel free?", {"- dogs": 8})
    assert written(item.text, item.kind) == "dogs travel free"


def test_what_falls_far_behind_is_not_quoted() -> None:
    quotes = chosen("ferry tickets museum", {"The ferry leaves": 8, "Tickets": 5, "The museum": 3, "The ferry": 0})
    assert [quote.text for quote in quotes] == ["The ferry leaves at 7:40.", "Tickets are sold on board."]


def test_the_second_of_two_sentences_may_fall_as_far_behind_as_the_second_of_three() -> None:
    scores = {"The ferry leaves": 8.0, "Tickets": 1.0}
    assert [len(chosen("ferry tickets", scores, most=most)) for most in (2, 3)] == [2, 2]


def test_neighbours_are_one_quote_and_passages_come_by_their_best() -> None:
    quotes = chosen("ferry museum", {"The ferry leaves": 7, "It takes": 6.5, "The museum": 8})
    assert [(quote.number, quote.text) for quote in quotes] == [
        (2, "The museum opens at 10."),
        (1, "The ferry leaves at 7:40. It takes 25 minutes."),
    ]


def test_without_scores_the_terms_decide() -> None:
    quotes = chosen("Where are tickets sold?", None)
    assert quotes[0].text == "Tickets are sold on board."


def test_no_more_sentences_than_asked_for() -> None:
    quotes = chosen("ferry museum", {"The ferry leaves": 8, "The museum": 8, "Tickets": 8}, most=1)
    assert len(quotes) == 1


def test_the_same_words_are_quoted_once() -> None:
    chooser = QuoteChooser("ferry", [QuotablePassage(1, MUSEUM.text), QuotablePassage(2, MUSEUM.text)])
    assert len(chooser.choose([1.0] * len(chooser.candidates), 3)) <= 2


def test_nothing_is_quoted_of_nothing() -> None:
    assert QuoteChooser("ferry", []).choose([], 3) == []
    assert QuoteChooser("ferry", [QuotablePassage(1, "")]).choose(None, 3) == []


def test_titles_are_never_candidates() -> None:
    chooser = QuoteChooser("timetable", [FERRY])
    assert all(one.sentence.kind is not Kind.TITLE for one in chooser.candidates)


@given(st.lists(st.text(alphabet="ab .\n|-", max_size=120), max_size=5), st.data())
def test_every_quote_is_of_its_passage_and_they_never_overlap(texts: list[str], data: st.DataObject) -> None:
    passages = [QuotablePassage(number, text) for number, text in enumerate(texts, 1)]
    chooser = QuoteChooser("ab ba", passages)
    assert len(chooser.candidates) <= CANDIDATES
    scores = [data.draw(st.floats(min_value=-10, max_value=10)) for _ in chooser.candidates]
    quotes = chooser.choose(data.draw(st.sampled_from([scores, None])), 3)
    places: set[tuple[int, int]] = set()
    for quote in quotes:
        assert "".join(texts[quote.number - 1][quote.start : quote.end].split()) == "".join(quote.text.split())
        spots = {(quote.number, at) for at in range(quote.start, quote.end)}
        assert places.isdisjoint(spots)
        places |= spots


def test_a_sentence_that_repeats_the_question_is_no_answer() -> None:
    text = 'Ask it like this: ask "When does the ferry leave?" and wait. The ferry leaves at 7:40.'
    chooser = QuoteChooser("When does the ferry leave?", [QuotablePassage(1, text)])
    assert [one.sentence.of(text) for one in chooser.candidates] == ["The ferry leaves at 7:40."]


@pytest.mark.parametrize(
    ("question", "text", "held"),
    [
        ("What is the capital of France?", "ask: what is the capital of France", True),
        ("what is the capital of France", "ask: what is the capital of France", True),
        ("capital of France", "Paris is the capital of France.", False),
        ("Ferry?", "The ferry leaves.", False),
        ("员工手册", "员工手册规定了假期。", False),
        ("员工有多少天年假", "例如:员工有多少天年假", True),
    ],
)
def test_a_text_that_holds_a_question_repeats_it_and_one_that_holds_a_topic_may_answer(
    question: str, text: str, held: bool
) -> None:
    assert echoes(question, text) is held
