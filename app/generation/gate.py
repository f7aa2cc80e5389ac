"""Whether what was found can hold an answer at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.domain.retrieval import Retrieval
from app.generation.language import ENGLISH, language_of
from app.generation.terms import terms


class Verdict(StrEnum):
    """`NEAR`: the passages are about the subject, but most likely do not answer."""

    ANSWERED = "answered"
    NEAR = "near"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Where a reranker's scores part questions that passages answer from others.

    The evidence is the best logit, plus `cosine_weight` times the best cosine, plus `coverage_weight` times the
    largest share of the question's terms that one passage holds. Below `absent` the documents do not tell; below a
    best logit of `near` they are near it at most.
    """

    cosine_weight: float
    coverage_weight: float
    absent: float
    near: float


# By reranker and language, measured by `make bench-answers`. For ms-marco-MiniLM, of 250 questions that SQuAD's
# paragraphs answer 0.8 % are refused, of 171 about other things (AWS, aerodynamics, medicine, small talk) 96 %.
_CALIBRATED: Mapping[str, Mapping[str, Calibration]] = {
    "ms-marco-minilm-l-12-v2": {ENGLISH: Calibration(12.0, 10.0, absent=6.2, near=0.0)},
}


@dataclass(frozen=True, slots=True)
class AnswerGate:
    """Judges before any model is asked. Without a calibrated reranker, cosine and terms decide.

    `threshold` is measured for all-MiniLM-L6-v2: of 256 questions that SQuAD paragraphs and AWS pages answer it
    refuses none, of 956 about other things 94 %. What it cannot tell is a question on the documents' own subject
    that they do not answer. Models whose cosines run higher are refused less often, not more.
    """

    reranker: str = ""
    coverage_weight: float = 0.5
    threshold: float = 0.55

    def judge(self, question: str, retrieval: Retrieval, best_logit: float | None = None) -> Verdict:
        """
        Args:
            question: as it was searched for.
            retrieval: what was found.
            best_logit: of the passages found; None if no reranker gave one.
        """
        if not retrieval.results:
            return Verdict.ABSENT
        coverage = best_coverage(question, retrieval)
        cosine = best_cosine(retrieval)
        known = self.calibration(question)
        if best_logit is not None and known is not None:
            evidence = best_logit + known.cosine_weight * (cosine or 0.0) + known.coverage_weight * coverage
            if evidence < known.absent:
                return Verdict.ABSENT
            return Verdict.NEAR if best_logit < known.near else Verdict.ANSWERED
        evidence = coverage if cosine is None else cosine + self.coverage_weight * coverage
        return Verdict.ANSWERED if evidence >= self.threshold else Verdict.ABSENT

    def calibration(self, question: str) -> Calibration | None:
        """What is known of the reranker's scores in the question's language."""
        return _CALIBRATED.get(self.reranker, {}).get(language_of(question))


def best_cosine(retrieval: Retrieval) -> float | None:
    """The similarity of the nearest passage; None if no vectors were compared."""
    if retrieval.vector is None:
        return None
    return max((candidate.score for candidate in retrieval.vector.candidates), default=None)


def best_coverage(question: str, retrieval: Retrieval) -> float:
    """The largest share of the question's terms that one of the passages holds; 1 if it has none."""
    wanted = set(terms(question))
    if not wanted:
        return 1.0
    found = (wanted.intersection(terms(f"{item.section or ''} {item.text}")) for item in retrieval.results)
    return max(map(len, found)) / len(wanted)
