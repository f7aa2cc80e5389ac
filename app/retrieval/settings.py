"""How a collection is searched: `retrieval` among its settings. What is not named there is as measured."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from app.retrieval.fusion import LEXICAL_WEIGHT
from app.retrieval.selection import REPEAT_PENALTY

RETRIEVAL = "retrieval"
NO_RERANKER = "none"


@dataclass(frozen=True, slots=True)
class RetrievalSettings:
    """
    Attributes:
        lexical_weight: of the lexical arm in the fused ranking, from 0 to 1; the rest is the vector arm's.
        repeat_penalty: see `app.retrieval.selection.select`; 0 lets one document fill the results.
        reranker: "cross_encoder", a name among `app.services.search.reranking.RERANKERS`, or "none".
        ef_search: how many vectors of the graph are looked at, beyond which more are found but not better ones.
            None: as every session has it.
    """

    lexical_weight: float = LEXICAL_WEIGHT
    repeat_penalty: float = REPEAT_PENALTY
    reranker: str = NO_RERANKER
    ef_search: int | None = None

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Self:
        """What a collection's settings say, without what only another release knows."""
        given = settings.get(RETRIEVAL, {})
        return cls(**{field.name: given[field.name] for field in fields(cls) if field.name in given})
