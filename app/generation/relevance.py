"""Whether what was found can hold an answer at all."""

from dataclasses import dataclass

from app.domain.retrieval import Retrieval
from app.generation.terms import terms


@dataclass(frozen=True, slots=True)
class Relevance:
    """When to answer "not found" without asking the model.

    Attributes:
        similar: from this cosine of the best passage on, the vector alone is evidence enough.
        unrelated: below this cosine, nothing but an almost complete match of words is.
        coverage: the share of the question's terms that one passage must hold in between.
    """

    similar: float = 0.5
    unrelated: float = 0.25
    coverage: float = 0.5

    def holds(self, question: str, retrieval: Retrieval) -> bool:
        if not retrieval.results:
            return False
        cosine = best_cosine(retrieval)
        if cosine is None or cosine >= self.similar:
            return True
        return best_coverage(question, retrieval) >= self.coverage


def best_cosine(retrieval: Retrieval) -> float | None:
    """The similarity of the nearest passage; None if no vectors were compared."""
    if retrieval.vector is None or not retrieval.vector.candidates:
        return None
    return max(candidate.score for candidate in retrieval.vector.candidates)


def best_coverage(question: str, retrieval: Retrieval) -> float:
    """The largest share of the question's terms that one of the passages holds; 1 if it has none."""
    wanted = set(terms(question))
    if not wanted:
        return 1.0
    return max(
        len(wanted.intersection(terms(f"{item.section or ''} {item.text}"))) for item in retrieval.results
    ) / len(wanted)
