"""How a collection is searched: `retrieval` among its settings. What is not named there is as measured."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from app.domain.documents import Collection
from app.domain.names import canonical_model
from app.retrieval.fusion import LEXICAL_WEIGHT
from app.retrieval.selection import REPEAT_PENALTY

RETRIEVAL = "retrieval"
NO_RERANKER = "none"

# Models that know English alone. In another language their arm finds little that the words do not: nDCG@10 of fused
# rankings at .45 is .068 to .104 below the words alone in Arabic, Hindi and Thai, and at .85 at most .007.
_ENGLISH_ONLY = frozenset({"all-minilm", "bge-small-en-v1.5"})
_ENGLISH = "english"
_WORDS_ELSEWHERE = 0.85


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
    def of(cls, collection: Collection) -> Self:
        """How a collection is searched by its settings, without what only another release knows.

        What they leave open depends on whether the embedding model knows the collection's language.
        """
        given: Mapping[str, Any] = collection.settings.get(RETRIEVAL, {})
        known = {field.name: given[field.name] for field in fields(cls) if field.name in given}
        return cls(**{"lexical_weight": _weight_of_words(collection), **known})


def _weight_of_words(collection: Collection) -> float:
    family = canonical_model(collection.space.model).rpartition("/")[2].partition(":")[0]
    foreign = collection.language != _ENGLISH and family in _ENGLISH_ONLY
    return _WORDS_ELSEWHERE if foreign else LEXICAL_WEIGHT
