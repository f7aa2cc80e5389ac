"""Fusion, selection, and the plans that follow from a question and a filter."""

from collections import Counter
from uuid import UUID

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.domain.retrieval import ArmResult, Candidate, Lexicon, ScoredChunk, Term
from app.retrieval.fusion import fuse
from app.retrieval.lexical import CANDIDATE_BUDGET, MAX_MATCHES, plan
from app.retrieval.proximity import MAX_PAIRS, pairs
from app.retrieval.selection import select
from app.retrieval.selectivity import Selectivity

DOCUMENTS = [UUID(int=number) for number in range(10)]


def arm(*scores: tuple[int, float], exhausted: bool = False) -> ArmResult:
    return ArmResult(tuple(Candidate(chunk, str(DOCUMENTS[0]), score) for chunk, score in scores), exhausted)


def passage(chunk_id: int, document: int, score: float, text: str = "") -> ScoredChunk:
    return ScoredChunk(chunk_id, DOCUMENTS[document], "f", None, None, text or f"text {chunk_id}", score, {})


def term(lexeme: str, chunk_count: int, occurrences: int = 1) -> Term:
    return Term(lexeme, tuple(range(1, occurrences + 1)), chunk_count)


def test_one_arm_alone_keeps_its_order_and_scores() -> None:
    fused = fuse(vector=arm((1, 0.9), (2, 0.4)), lexical=None, depth=2)
    assert [(item.chunk_id, item.score, dict(item.scores)) for item in fused] == [
        (1, 0.9, {"vector": 0.9}),
        (2, 0.4, {"vector": 0.4}),
    ]


def test_an_arm_that_found_nothing_does_not_change_the_other() -> None:
    fused = fuse(vector=arm((1, 0.9), (2, 0.4)), lexical=arm(exhausted=True), depth=2)
    assert [(item.chunk_id, item.score) for item in fused] == [(1, 0.9), (2, 0.4)]


def test_what_both_arms_rank_high_comes_first() -> None:
    vector = arm((1, 0.9), (2, 0.88), (3, 0.2), (4, 0.1))
    lexical = arm((5, 9.0), (2, 8.8), (6, 2.0), (3, 1.0))
    fused = fuse(vector=vector, lexical=lexical, depth=4)
    assert fused[0].chunk_id == 2
    assert dict(fused[0].scores) == {"vector": 0.88, "lexical": 8.8}
    assert {item.chunk_id for item in fused} == {1, 2, 3, 4, 5, 6}


def test_the_only_chunk_that_holds_a_word_stands_out_from_those_that_hold_none() -> None:
    vector = arm(*((chunk, 0.5 - chunk / 100) for chunk in range(10)))
    fused = fuse(vector=vector, lexical=arm((9, 7.0), exhausted=True), depth=100)
    assert fused[0].chunk_id == 9


@given(
    st.dictionaries(st.integers(0, 30), st.floats(-1, 1), max_size=12),
    st.dictionaries(st.integers(0, 30), st.floats(0.01, 50), max_size=12),
    st.floats(0.05, 0.95),
)
def test_fusion_is_monotone_in_each_arm(
    nearest: dict[int, float], matched: dict[int, float], weight: float
) -> None:
    vector = arm(*sorted(nearest.items(), key=lambda item: -item[1]), exhausted=True)
    lexical = arm(*sorted(matched.items(), key=lambda item: -item[1]), exhausted=True)
    fused = fuse(vector=vector, lexical=lexical, depth=12, lexical_weight=weight)
    assert {item.chunk_id for item in fused} == nearest.keys() | matched.keys()
    scores = {item.chunk_id: item.score for item in fused}
    for one in nearest.keys() & matched.keys():
        for other in nearest.keys() & matched.keys():
            if nearest[one] >= nearest[other] and matched[one] >= matched[other]:
                assert scores[one] >= scores[other] - 1e-9


def test_repeated_text_comes_after_all_that_is_different() -> None:
    ranked = [passage(1, 1, 3, "Same  text"), passage(2, 2, 2, "same text"), passage(3, 3, 1, "other")]
    assert [item.chunk_id for item in select(ranked, top_k=2)] == [1, 3]
    assert [item.chunk_id for item in select(ranked, top_k=3)] == [1, 2, 3]


def test_one_document_leaves_room_for_others_but_fills_what_they_leave() -> None:
    ranked = [passage(1, 1, 9), passage(2, 1, 8.5), passage(3, 1, 7), passage(4, 1, 6), passage(5, 2, 5.9)]
    assert [item.chunk_id for item in select(ranked, top_k=2)] == [1, 2]
    assert [item.chunk_id for item in select(ranked, top_k=3)] == [1, 2, 5]
    assert [item.chunk_id for item in select(ranked, top_k=3, repeat_penalty=0)] == [1, 2, 3]
    assert [item.chunk_id for item in select(ranked, top_k=2, repeat_penalty=9)] == [1, 5]
    assert [item.chunk_id for item in select(ranked, top_k=9, repeat_penalty=9)] == [1, 2, 3, 4, 5]
    assert select([], top_k=3) == []


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 20)), max_size=20), st.integers(1, 20))
def test_each_choice_is_the_best_after_those_before_it(drawn: list[tuple[int, int]], top_k: int) -> None:
    left = [passage(place, document, score) for place, (document, score) in enumerate(drawn)]
    penalty = 0.75 * float(np.std([one.score for one in left])) if left else 0.0
    chosen: list[ScoredChunk] = []
    for _ in range(min(top_k, len(left))):
        shown = Counter(one.document_id for one in chosen)
        worth = {one.chunk_id: one.score - penalty * shown[one.document_id] for one in left}
        best = max(left, key=lambda one: (worth[one.chunk_id], -one.chunk_id))
        level = [one for one in left if worth[one.chunk_id] > worth[best.chunk_id] - 1e-9]
        assume(len({(one.score, shown[one.document_id]) for one in level}) == 1)
        left.remove(best)
        chosen.append(best)
    ranked = [passage(place, document, score) for place, (document, score) in enumerate(drawn)]
    found = {one.chunk_id for one in select(ranked, top_k=top_k)}
    assert found == {one.chunk_id for one in chosen}


def test_rare_lexemes_choose_candidates_and_common_ones_only_score() -> None:
    lexicon = Lexicon(1, 100_000, 500.0, (term("7/common", 60_000), term("7/rare", 12), term("7/rarer", 3, 2)))
    planned = plan(lexicon, max_terms=64)
    assert planned is not None
    assert planned.matches == ("'7/rarer' | '7/rare'",)
    weights = dict(planned.weights)
    assert weights.keys() == {"'7/common'", "'7/rare'", "'7/rarer'"}
    assert weights["'7/rarer'"] > 2 * weights["'7/rare'"] > weights["'7/common'"] > 0


def test_lexemes_too_common_alone_find_candidates_in_pairs() -> None:
    lexicon = Lexicon(1, 100_000, 500.0, (term("7/a", 3_000), term("7/b", 4_000), term("7/c", 60_000)))
    planned = plan(lexicon, max_terms=64)
    assert planned is not None
    assert planned.matches == ("'7/a' & ('7/b')",)


def test_each_lexeme_leads_those_that_are_more_common_than_itself() -> None:
    counts = {"7/a": 2_000, "7/b": 3_000, "7/c": 5_000, "7/d": 9_000, "7/e": 400}
    lexicon = Lexicon(1, 1_000_000, 500.0, tuple(term(lexeme, count) for lexeme, count in counts.items()))
    planned = plan(lexicon, max_terms=64)
    assert planned is not None
    assert planned.matches == (
        "'7/e'",
        "'7/a' & ('7/b' | '7/c' | '7/d')",
        "'7/b' & ('7/c' | '7/d')",
        "'7/c' & ('7/d')",
    )


def test_lexemes_too_common_in_pairs_must_occur_all_together() -> None:
    lexicon = Lexicon(1, 100_000, 500.0, (term("7/a", 30_000), term("7/b", 20_000), term("7/c", 60_000)))
    planned = plan(lexicon, max_terms=64)
    assert planned is not None
    assert planned.matches == ("'7/b' & ('7/a' & '7/c')",)
    assert planned.max_matches == MAX_MATCHES


def test_a_small_collection_is_searched_for_any_lexeme() -> None:
    lexicon = Lexicon(1, 500, 500.0, (term("7/a", 400), term("7/b", 300)))
    planned = plan(lexicon, max_terms=64)
    assert planned is not None
    assert planned.matches == ("'7/b' | '7/a'",)


def test_a_filter_that_keeps_half_doubles_what_is_looked_at() -> None:
    lexicon = Lexicon(1, 100_000, 500.0, (term("7/a", CANDIDATE_BUDGET), term("7/b", CANDIDATE_BUDGET)))
    narrow, wide = plan(lexicon, max_terms=64), plan(lexicon, max_terms=64, share=0.5)
    assert narrow is not None
    assert wide is not None
    assert (narrow.matches, wide.matches) == (("'7/a' & ('7/b')",), ("'7/a' | '7/b'",))


def test_lexemes_are_quoted() -> None:
    planned = plan(Lexicon(1, 9, 5.0, (term("7/it's \\ | x", 1),)), max_terms=64)
    assert planned is not None
    assert planned.matches == ("'7/it''s \\\\ | x'",)


@pytest.mark.parametrize("lexicon", [Lexicon(1, 9, 5.0, ()), Lexicon(1, 0, 0.0, (term("7/a", 1),))])
def test_a_question_without_lexemes_or_a_collection_without_chunks_has_no_plan(lexicon: Lexicon) -> None:
    assert plan(lexicon, max_terms=64) is None


def test_of_many_lexemes_the_weightiest_are_used() -> None:
    terms = tuple(term(f"7/{number}", number + 1) for number in range(100))
    planned = plan(Lexicon(1, 1000, 500.0, terms), max_terms=10)
    assert planned is not None
    assert {lexeme for lexeme, _ in planned.weights} == {f"'7/{number}'" for number in range(10)}


def test_a_filter_that_keeps_little_means_a_scan() -> None:
    assert Selectivity(size=100_000, matching=10_000).scan_vectors(100)
    assert not Selectivity(size=100_000, matching=20_000).scan_vectors(100)
    assert not Selectivity(size=1_000_000, matching=100_000).scan_vectors(100)
    assert Selectivity(size=1_500, matching=1_500).scan_vectors(100)
    assert Selectivity(size=0, matching=0).scan_vectors(100)
    assert Selectivity(size=100_000, matching=1_000).scan_words
    assert not Selectivity(size=100_000, matching=10_000).scan_words
    assert Selectivity(size=1_500, matching=1_500).scan_words
    assert Selectivity(size=0, matching=0).scan_words
    assert Selectivity(size=100, matching=50).share == 0.5
    assert Selectivity(size=0, matching=0).share == 1.0


def test_only_neighbouring_words_of_the_question_are_paired_each_pair_once() -> None:
    one, two, three = Term("a", (1, 4), 10), Term("b", (2, 5), 20), Term("c", (7,), 500)
    found = pairs(Lexicon(1, 1000, 100.0, (one, two, three)))
    assert [pair.match for pair in found] == ["'a' & 'b'", "'b' & 'c'"]
    assert found[0].weight > found[1].weight > 0


def test_a_long_question_has_no_more_pairs_than_can_be_afforded() -> None:
    terms = tuple(Term(f"w{place:03}", (place,), 3) for place in range(200))
    assert len(pairs(Lexicon(1, 1000, 100.0, terms))) == MAX_PAIRS
