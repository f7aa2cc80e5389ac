"""The cache's requests and responses as OpenAPI shows them, as JSON. Each is whole, and valid by its schema."""

from typing import Any

import orjson


def _use(hits: int, misses: int, p50: float, p99: float, held: str) -> str:
    return f"""{held}, "hits": {hits}, "misses": {misses}, "hit_rate": {hits / (hits + misses)}, "evictions": 0,
    "errors": 0, "stale": 0, "skipped": 0, "refused": 0, "invalidations": 0,
    "latency_ms": {{"p50": {p50}, "p99": {p99}}}"""


def _tier(use: str) -> str:
    return f"""{{{use}, "available": true, "oversized": 0, "namespaces": {{"answer": {{{use}}}}}}}"""


STATS: dict[str, Any] = orjson.loads(f"""{{
    "replica": "api-7d9f:17", "since": "2026-11-24T08:00:00Z",
    "tiers": {{
        "l1": {_tier(_use(820, 180, 0.029, 0.041, '"entries": 310, "bytes": 1240000'))},
        "l2": {_tier(_use(90, 90, 0.61, 2.3, '"entries": 450, "bytes": 1800000'))},
        "l3": {_tier(_use(30, 60, 1.9, 6.1, '"entries": 600, "bytes": 2400000'))}
    }},
    "namespaces": {{"answer": {{
        "requests": 1000, "hits": 940, "misses": 60, "hit_rate": 0.94, "bypassed": 4, "coalesced": 12,
        "carried": 35, "served_stale": 0, "refreshed": 2, "dropped": 0, "seconds_saved": 3290.5,
        "tokens_saved": 512000
    }}}},
    "coalesced": 12, "invalidations": 9, "seconds_saved": 3290.5, "tokens_saved": 512000
}}""")

ENTRY: dict[str, Any] = orjson.loads("""{
    "key": "712a15441691e0867f44ab5d9c3be1d0a8c04f5c3e8d3c11a6b0e4f27d9a8c55", "namespace": "answer",
    "collection": "default", "question": "How many days of leave are there?",
    "parameters": {"retrieval": {"top_k": 5, "space": 1, "ranking": "2", "settings": {}}, "filters": {}},
    "metadata": {"embedder": "all-minilm", "reranker": "none", "chat_model": "smollm2:135m", "prompt": "1",
        "sampling": {"temperature": 0.0, "max_tokens": 512}, "conversation": ""},
    "hit_count": 41, "created_at": "2026-11-24T08:12:00Z", "expires_at": "2026-11-25T08:12:00Z",
    "last_accessed_at": "2026-11-24T11:49:13Z", "corpus_version": 12, "size_bytes": 3204, "pinned": false
}""")

EXAMINED: dict[str, Any] = orjson.loads("""{
    "key": "712a15441691e0867f44ab5d9c3be1d0a8c04f5c3e8d3c11a6b0e4f27d9a8c55", "namespace": "answer",
    "collection": "default", "standing": "fresh", "computed_in_seconds": 3.5, "tokens": 545,
    "tiers": [
        {"tier": "l1", "available": true, "held": true, "refusal": null, "age_seconds": 13033.0,
            "expires_at": "2026-12-01T08:12:00Z", "corpus_version": 12, "size_bytes": 3204},
        {"tier": "l2", "available": true, "held": false, "refusal": null, "age_seconds": null,
            "expires_at": null, "corpus_version": null, "size_bytes": null}
    ],
    "rests_on": {"corpus_version": 12, "chunks": 1, "filters": {}, "documents": [{
        "document_id": "01a20d63-56f8-7f51-837e-4a216dcd611c", "filename": "handbook.pdf", "version": 1,
        "chunks": [7]
    }]}
}""") | {"entry": ENTRY}

CLEAR: list[dict[str, Any]] = [{"collection": "default", "namespace": "answer"}, {"tier": "l1"}, {}]
CLEARED = {"removed": 17}

WARM: list[dict[str, Any]] = [
    {"limit": 100},
    {
        "queries": ["How many days of leave are there?"],
        "collection": "default",
        "namespace": "retrieval",
        "stream": True,
    },
]
WARMED: dict[str, Any] = orjson.loads("""{"total": 3, "held": 1, "computed": 1, "seconds": 6.2, "failures": [
    {"query": "How many days of leave are there?", "detail": "The model failed while working."}
]}""")

JUDGED: dict[str, Any] = (
    orjson.loads("""{"id": 7, "correct": true, "question": "How many days off do employees get?",
    "matched": "How many days of leave are there?", "similarity": 0.931, "served": true, "source": "pipeline",
    "detail": "82% of the words are the same", "created_at": "2026-11-24T11:49:13Z"}""")
)

MATCHING: dict[str, Any] = orjson.loads("""{"mode": "serve", "error_budget": 0.01, "items": [{
    "collection": "default", "namespace": "answer", "threshold": 0.915,
    "reason": "at most 0.91% of requests answered wrongly", "since": "2026-11-20T08:00:00Z",
    "calibrated_at": "2026-11-24T11:49:13Z", "requests": 4200, "would_be_hits": 890, "served": 411,
    "hit_rate": 0.15, "labels": 560, "wrong": 61, "false_hits": 0.04, "interval": [0.02, 0.07],
    "wrong_bound": 0.0091,
    "curve": [{"threshold": 0.915, "hit_rate": 0.15, "labels": 250, "false_hits": 0.04, "interval": [0.02, 0.07],
        "wrong_bound": 0.0091}],
    "right_examples": [], "wrong_examples": []
}]}""")
MATCHING["items"][0]["right_examples"] = [JUDGED]
