"""The lexical arm's SQL: BM25 over the GIN index of tsvectors.

A chunk's term frequency is read back from `ts_rank` of one lexeme, which is 0.1, the weight of what has no label,
times (1 + 1/4 + ... + 1/tf^2) / (pi^2/6): what the series lacks after tf terms is nearly 1/(tf + 1/2).
Nothing else in SQL looks one lexeme up in a tsvector; unnesting the whole of it costs ten times as much.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID

from app.db.database import PooledConnection
from app.db.search.filters import Predicate, on_chunk
from app.domain.retrieval import Candidate, LexicalPlan, Lexicon, Term

_LOOK_UP = """
WITH snapshot AS (
    SELECT id, chunk_count, average_length FROM lexeme_snapshots WHERE collection_id = $1 ORDER BY id DESC LIMIT 1
)
SELECT s.id, s.chunk_count AS size, s.average_length, q.lexeme, coalesce(q.positions, '{}') AS positions,
    coalesce(
        (SELECT l.chunk_count FROM lexeme_statistics l WHERE l.snapshot_id = s.id AND l.lexeme = q.lexeme), 1
    ) AS chunk_count
FROM snapshot s LEFT JOIN unnest(
    lexemes($2::text::regconfig, $1, $3) || name_lexemes($2::text::regconfig, $1, $3) || page_lexemes($1, $4)
) q ON true
"""

# `ts_rank_cd` of two lexemes with all weights 1 adds one over their distance for each time they meet.
_PROXIMITY = """
SELECT c.id, sum(q.weight * (1 - c.saturation / (c.saturation + ts_rank_cd('{1,1,1,1}', c.tsv, q.pair)))) AS score
FROM (
    SELECT id, tsv, $2::float8 + $3::float8 * octet_length(text) AS saturation
    FROM chunks WHERE id = ANY($1::bigint[]) OFFSET 0
) c
JOIN (SELECT match::tsquery AS pair, weight FROM unnest($4::text[], $5::float8[]) p (match, weight) OFFSET 0) q
    ON c.tsv @@ q.pair
GROUP BY c.id
"""

# A plan is filled up to one of these numbers of terms, so that few statements serve every question.
_WIDTHS = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 48, 64)
MAX_TERMS = _WIDTHS[-1]
# Matches nothing, since every indexed lexeme carries its collection's prefix.
_FILLER = ("x", 0.0)


async def look_up(
    connection: PooledConnection, collection_id: int, language: str, text: str, pages: Sequence[int] = ()
) -> Lexicon | None:
    """The lexemes of `text` and of `pages` with their statistics. None if the collection has none yet."""
    rows = await connection.fetch(_LOOK_UP, collection_id, language, text, pages)
    if not rows:
        return None
    terms = tuple(
        Term(row["lexeme"], tuple(row["positions"]), row["chunk_count"])
        for row in rows
        if row["lexeme"] is not None
    )
    return Lexicon(rows[0]["id"], rows[0]["size"], rows[0]["average_length"], terms)


async def rank(
    connection: PooledConnection, plan: LexicalPlan, *, limit: int, where: Predicate | None
) -> list[Candidate]:
    """The `limit` best visible chunks that match the plan and the filter, best first.

    At most `plan.max_matches` matches are looked at.
    """
    filters = where.parameters if where else []
    statement = _rank_statement(_width(plan), limit, plan.max_matches, filters=len(filters))
    return await _ranked(connection, statement, plan.matches, plan, filters)


async def rank_within(
    connection: PooledConnection,
    collection_id: int,
    plan: LexicalPlan,
    *,
    limit: int,
    where: Predicate,
) -> list[Candidate]:
    """The same where few documents pass the filter: looks at every chunk of theirs."""
    statement = _rank_within_statement(_width(plan), limit, filters=len(where.parameters))
    return await _ranked(connection, statement, _any_of(plan), plan, [collection_id, *where.parameters])


async def best_of(connection: PooledConnection, plan: LexicalPlan, documents: Sequence[UUID]) -> float | None:
    """The highest score that a visible chunk of these documents has; None if none matches the plan."""
    found = await _ranked(connection, _best_statement(_width(plan)), _any_of(plan), plan, [list(documents)])
    return found[0].score if found else None


async def proximity(
    connection: PooledConnection, chunk_ids: Sequence[int], pairs: Sequence[tuple[str, float]], plan: LexicalPlan
) -> Mapping[int, float]:
    """The proximity bonus of each chunk, summed over pairs: each a tsquery of two lexemes, and a weight."""
    rows = await connection.fetch(
        _PROXIMITY,
        chunk_ids,
        plan.saturation,
        plan.saturation_per_byte,
        [match for match, _ in pairs],
        [weight for _, weight in pairs],
    )
    return {row["id"]: row["score"] for row in rows}


async def refresh_statistics(connection: PooledConnection, collection_id: int, *, tolerance: float = 0.1) -> int:
    """Take a new snapshot if the collection's size moved by more than `tolerance` of itself since the last.

    Returns the id of the newest snapshot. One collection's snapshot is taken by one caller at a time.
    """
    snapshot: int = await connection.fetchval(
        "SELECT refresh_lexeme_statistics($1, $2)", collection_id, tolerance, timeout=600
    )
    return snapshot


def _width(plan: LexicalPlan) -> int:
    return next(width for width in _WIDTHS if width >= len(plan.weights))


def _any_of(plan: LexicalPlan) -> str:
    return " | ".join(f"({match})" for match in plan.matches)


async def _ranked(
    connection: PooledConnection,
    statement: str,
    match: str | Sequence[str],
    plan: LexicalPlan,
    further: list[Any],
) -> list[Candidate]:
    weights = [*plan.weights, *[_FILLER] * (_width(plan) - len(plan.weights))]
    rows = await connection.fetch(
        statement,
        match,
        plan.saturation,
        plan.saturation_per_byte,
        *[value for pair in weights for value in pair],
        *further,
    )
    return [Candidate(*row) for row in rows]


# Parameters of both: match, saturation (constant, per byte), width x (lexeme, weight), then their own. Limits are
# literals, because a prepared plan that does not know them prepares for a tenth of the table.
@lru_cache
def _rank_statement(width: int, limit: int, max_matches: int, *, filters: int) -> str:
    """`filters`: how many jsonpaths a predicate has."""
    condition = f"AND d.attributes @@ ${_own(width)}::text::jsonpath" if filters else ""
    pages = ", c.page, c.last_page" if filters > 1 else ""
    if filters > 1:
        condition += f" AND {on_chunk(_own(width) + 1)}"
    # Best first, so that no more documents are looked up than it takes: a join that the planner is free to choose
    # reads all of them where it expects many matches. A chunk that matches twice is scored twice and kept once.
    # OFFSET 0 hides how many matches there are, or each question would be planned for its own number.
    return f"""
    SELECT c.id, c.document_id::text, c.score
    FROM (
        SELECT DISTINCT ON (score, c.id) c.id, c.document_id, c.version{pages}, {_score(width)} AS score
        FROM (
            SELECT c.id, c.document_id, c.version{pages}, c.tsv, $2::float8 + $3::float8 * c.length AS saturation
            FROM (SELECT $1::text[] AS matches OFFSET 0) m
            CROSS JOIN LATERAL unnest(m.matches) q (match)
            CROSS JOIN LATERAL (
                SELECT c.id, c.document_id, c.version{pages}, c.tsv, octet_length(c.text) AS length
                FROM chunks c WHERE c.tsv @@ q.match::tsquery AND c.active
            ) c
            LIMIT {int(max_matches)}
        ) c
        ORDER BY score DESC, c.id
    ) c
    CROSS JOIN LATERAL (
        SELECT FROM documents d
        WHERE d.id = c.document_id AND d.active_version = c.version AND d.deleted_at IS NULL {condition} OFFSET 0
    ) d
    ORDER BY c.score DESC, c.id LIMIT {int(limit)}
    """


@lru_cache
def _rank_within_statement(width: int, limit: int, *, filters: int) -> str:
    condition = f"AND {on_chunk(_own(width) + 2)}" if filters > 1 else ""
    return f"""
    WITH wanted AS MATERIALIZED (
        SELECT id, active_version, attributes FROM documents
        WHERE collection_id = ${_own(width)} AND deleted_at IS NULL
            AND attributes @@ ${_own(width) + 1}::text::jsonpath
    ), c AS (
        SELECT c.id, c.document_id, c.tsv, $2::float8 + $3::float8 * octet_length(c.text) AS saturation
        FROM wanted d JOIN chunks c ON c.document_id = d.id AND c.version = d.active_version
        WHERE c.tsv @@ $1::tsquery AND c.active {condition} OFFSET 0
    )
    SELECT c.id, c.document_id::text, {_score(width)} AS score FROM c ORDER BY score DESC, c.id LIMIT {int(limit)}
    """


@lru_cache
def _best_statement(width: int) -> str:
    return f"""
    WITH c AS (
        SELECT c.id, c.document_id, c.tsv, $2::float8 + $3::float8 * octet_length(c.text) AS saturation
        FROM documents d JOIN chunks c ON c.document_id = d.id AND c.version = d.active_version
        WHERE d.id = ANY(${_own(width)}::uuid[]) AND d.deleted_at IS NULL
          AND c.tsv @@ $1::tsquery AND c.active OFFSET 0
    )
    SELECT c.id, c.document_id::text, {_score(width)} AS score FROM c ORDER BY score DESC LIMIT 1
    """


def _own(width: int) -> int:
    return 4 + 2 * width


def _score(width: int) -> str:
    """The sum of weight * tf / (tf + saturation)."""
    return " + ".join(
        f"${5 + 2 * i}::float8 * (1 - c.saturation / (c.saturation + {_frequency(4 + 2 * i)}))"
        for i in range(width)
    )


def _frequency(query: int) -> str:
    return f"round(1 / (pi() ^ 2 / 6 - 16.4493406685 * ts_rank(c.tsv, ${query}::tsquery)) - 0.5)"
