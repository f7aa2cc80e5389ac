"""Turns retrievals into plain builtins for the cache and back, and gives their evidence."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from uuid import UUID

import numpy as np

from app.cache.evidence import ArmEvidence, Evidence
from app.domain.documents import Collection
from app.domain.retrieval import ArmResult, Candidate, LexicalPlan, Retrieval, ScoredChunk


def to_plain(retrieval: Retrieval) -> dict[str, Any]:
    return {
        "results": [
            {**asdict(chunk), "document_id": str(chunk.document_id), "scores": dict(chunk.scores)}
            for chunk in retrieval.results
        ],
        "vector": _arm_to_plain(retrieval.vector),
        "lexical": _arm_to_plain(retrieval.lexical),
        "query_vector": b"" if retrieval.query_vector is None else retrieval.query_vector.tobytes(),
        "lexemes": list(retrieval.lexemes),
        "plan": None if retrieval.plan is None else asdict(retrieval.plan),
        "snapshot": retrieval.snapshot,
        "unscored": retrieval.unscored,
        "shortened": retrieval.shortened,
    }


def from_plain(plain: Mapping[str, Any], corpus_version: int) -> Retrieval:
    """Return the retrieval that `to_plain` was given, at the version at which it is known to hold."""
    plan = plain["plan"]
    return Retrieval(
        results=tuple(
            ScoredChunk(**{**item, "document_id": UUID(item["document_id"])}) for item in plain["results"]
        ),
        vector=_arm_from_plain(plain["vector"]),
        lexical=_arm_from_plain(plain["lexical"]),
        query_vector=np.frombuffer(plain["query_vector"], dtype="<f4") if plain["query_vector"] else None,
        lexemes=tuple(plain["lexemes"]),
        corpus_version=corpus_version,
        timings_ms={},
        plan=None if plan is None else plan_from_plain(plan),
        snapshot=plain["snapshot"],
        unscored=plain["unscored"],
        shortened=plain.get("shortened", False),
    )


def evidence_of(retrieval: Retrieval, collection: Collection, filters: Mapping[str, Any]) -> Evidence:
    """Return the evidence of a result that was made from this retrieval. `filters` are those of its query."""
    arms = [arm for arm in (retrieval.vector, retrieval.lexical) if arm is not None]
    candidates = {candidate.chunk_id: candidate.document_id for arm in arms for candidate in arm.candidates}
    return Evidence(
        corpus_version=retrieval.corpus_version,
        chunks=tuple(candidates),
        documents=tuple(sorted(set(candidates.values()))),
        vector=_end(retrieval.vector),
        lexical=_end(retrieval.lexical),
        query_vector=b"" if retrieval.query_vector is None else retrieval.query_vector.tobytes(),
        lexemes=retrieval.lexemes,
        filters=dict(filters),
        parameters={
            "space": collection.space.id,
            "plan": None if retrieval.plan is None else asdict(retrieval.plan),
            "statistics": None if retrieval.snapshot is None else str(retrieval.snapshot),
        },
    )


def plan_from_plain(plain: Mapping[str, Any]) -> LexicalPlan:
    weights = tuple((str(lexeme), float(weight)) for lexeme, weight in plain["weights"])
    return LexicalPlan(**{**plain, "matches": tuple(plain["matches"]), "weights": weights})


def _end(arm: ArmResult | None) -> ArmEvidence | None:
    if arm is None:
        return None
    return ArmEvidence(arm.candidates[-1].score if arm.candidates else None, arm.exhausted)


def _arm_to_plain(arm: ArmResult | None) -> dict[str, Any] | None:
    if arm is None:
        return None
    return {
        "candidates": [list(item) for item in arm.candidates],
        "exhausted": arm.exhausted,
    }


def _arm_from_plain(plain: Mapping[str, Any] | None) -> ArmResult | None:
    if plain is None:
        return None
    return ArmResult(
        tuple(Candidate(*item) for item in plain["candidates"]),
        plain["exhausted"],
    )
