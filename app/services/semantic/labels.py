"""Labels would-be hits: tests whether the result of one question is right for another."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.cache.semantic.language.lexicon import NEGATIONS
from app.cache.semantic.language.words import split
from app.cache.semantic.observations import LabelVerdict
from app.domain.answers import NO_CONTEXT
from app.generation.terms import terms

# The share of passages that two results must have in common, and the places of the other list among which the best
# passage of each must be.
SAME_PASSAGES = 0.6
BEST_WITHIN = 2
# Two answers rest on the same sources from this share (Jaccard) on. They say the same from this share of their
# terms (Dice) on, if they share every figure, and both negate or neither does.
SAME_SOURCES = 0.5
SAME_TERMS = 0.5

# An answer rests on the passages of another question if SHARED_FIRST of the FIRST passages of each are the same.
FIRST, SHARED_FIRST = 3, 2

_CITATION = re.compile(r"\[\d+\]")


def same_results(cached: Mapping[str, Any], fresh: Mapping[str, Any]) -> LabelVerdict:
    """Compare cached searches: most passages are the same, and the best of each is among the best of the other."""
    mine, theirs = ([item["chunk_id"] for item in value["retrieval"]["results"]] for value in (cached, fresh))
    if not mine and not theirs:
        return LabelVerdict(correct=True, detail="both found nothing")
    shared = len(set(mine) & set(theirs)) / max(len(mine), len(theirs))
    if shared < SAME_PASSAGES:
        return LabelVerdict(correct=False, detail=f"{shared:.0%} of the passages are the same")
    if mine[0] not in theirs[:BEST_WITHIN] or theirs[0] not in mine[:BEST_WITHIN]:
        return LabelVerdict(correct=False, detail="another passage is the best")
    return LabelVerdict(correct=True, detail=f"{shared:.0%} of the passages are the same")


def same_answers(cached: Mapping[str, Any], fresh: Mapping[str, Any]) -> LabelVerdict:
    """Compare two cached answers: they rest on the same sources and say the same."""
    mine, theirs = _Said.of(cached["events"]), _Said.of(fresh["events"])
    if mine.found_nothing != theirs.found_nothing:
        return LabelVerdict(correct=False, detail="only one of them found anything")
    sources = _jaccard(mine.sources, theirs.sources)
    if sources < SAME_SOURCES:
        return LabelVerdict(correct=False, detail=f"{sources:.0%} of the sources are the same")
    if mine.figures != theirs.figures:
        return LabelVerdict(correct=False, detail="the figures differ")
    if mine.negates != theirs.negates:
        return LabelVerdict(correct=False, detail="only one of them negates")
    shared = _dice(mine.terms, theirs.terms)
    return LabelVerdict(correct=shared >= SAME_TERMS, detail=f"{shared:.0%} of the words are the same")


def rests_on(cached: Mapping[str, Any], found: Sequence[int]) -> bool:
    """Whether the first sources of a cached answer are mostly the first passages found, given by their ids."""
    events = cached["events"]
    sources = [item["chunk_id"] for event in events if event["event"] == "sources" for item in event["items"]]
    mine, theirs = sources[:FIRST], found[:FIRST]
    return len(set(mine) & set(theirs)) >= min(SHARED_FIRST, max(len(mine), len(theirs)))


@dataclass(frozen=True, slots=True)
class _Said:
    sources: frozenset[int]
    terms: frozenset[str]
    figures: frozenset[str]
    negates: bool
    found_nothing: bool

    @classmethod
    def of(cls, events: Sequence[Mapping[str, Any]]) -> "_Said":
        text = "".join(event["text"] for event in events if event["event"] == "delta")
        text = _CITATION.sub("", text)
        said = frozenset(terms(text))
        sources = next((event["items"] for event in events if event["event"] == "sources"), ())
        return cls(
            frozenset(source["chunk_id"] for source in sources),
            said,
            frozenset(term for term in said if term[0].isdigit()),
            any(word.text in NEGATIONS for word in split(text)),
            any(event["event"] == "done" and event["finish_reason"] == NO_CONTEXT for event in events),
        )


def _jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / len(one | other) if one or other else 1.0


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other)) if one or other else 1.0
