"""Lets entries be found by meaning, as they are stored."""

import logging

from app.cache.evidence import Evidence
from app.cache.keys import KeySpec
from app.cache.semantic.language.eligibility import refusal
from app.cache.semantic.segment import segment_of
from app.cache.semantic.store import QuestionIndex

_log = logging.getLogger(__name__)


class QuestionRecorder:
    """Adds the questions to the index that may match others. What cannot be added is not found, and no more."""

    def __init__(self, index: QuestionIndex) -> None:
        self._index = index

    async def stored(self, spec: KeySpec, evidence: Evidence) -> None:
        if not evidence.query_vector or segment_of(spec.partition) is None or refusal(spec.question) is not None:
            return
        try:
            await self._index.add(spec.key, evidence.query_vector)
        except Exception as error:  # noqa: BLE001 - a cache fails open
            _log.info("a question cannot be found by meaning: %r", error)
