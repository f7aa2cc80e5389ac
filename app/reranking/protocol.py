"""Requests and answers of `/v1/rerank`, as Jina, Cohere, vLLM, Infinity, TEI's gateways and llama.cpp have them."""

import math
from collections.abc import Sequence
from typing import Any, TypeGuard

import orjson

from app.errors import ModelProtocolError

# A score of 1 or 0 stands for a logit of this size: no cross-encoder gives a larger one that means anything.
_LARGEST_LOGIT = 16.0


def encode_request(model: str, question: str, texts: Sequence[str]) -> bytes:
    return orjson.dumps({"model": model, "query": question, "documents": texts, "return_documents": False})


def parse_scores(body: bytes, count: int) -> list[float]:
    """The score of each document, in the order in which they were sent.

    Raises:
        ModelProtocolError: the answer is none, or lacks a document, or has a score that is no finite number.
    """
    scores: list[float | None] = [None] * count
    for result in _results(body):
        index, score = result.get("index"), result.get("relevance_score", result.get("score"))
        if not isinstance(index, int) or not 0 <= index < count or not _is_finite(score):
            raise ModelProtocolError("The reranker gave a score that cannot be used.")
        scores[index] = float(score)
    found = [score for score in scores if score is not None]
    if len(found) < count:
        raise ModelProtocolError("The reranker left out a document.")
    return found


def as_logit(probability: float) -> float:
    """The logit of a score from 0 to 1. A sigmoid squeezes what tells good passages apart."""
    if probability <= 0 or probability >= 1:
        return _LARGEST_LOGIT if probability >= 1 else -_LARGEST_LOGIT
    return max(-_LARGEST_LOGIT, min(_LARGEST_LOGIT, math.log(probability / (1 - probability))))


def _results(body: bytes) -> list[dict[str, Any]]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ModelProtocolError("The reranker's answer is no JSON.") from None
    results = answer.get("results") if isinstance(answer, dict) else answer
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise ModelProtocolError("The reranker's answer has no results.")
    return results


def _is_finite(score: Any) -> TypeGuard[float]:
    return isinstance(score, int | float) and not isinstance(score, bool) and math.isfinite(score)
