"""Condenses what a conversation has more than a prompt has room for."""

import logging
from collections.abc import Sequence
from functools import partial

from app.domain.answers import AnswerRequest, Message
from app.errors import ModelError
from app.generation.prompting.history import SUMMARY_TOKENS, condensed, condensing_messages, turns_to_condense
from app.generation.prompting.prompt_profile import TOO_SMALL
from app.generation.prompting.tokens import estimate
from app.ollama.scheduling.lanes import Lane
from app.services.answering.model_texts import ModelTask, ModelTexts

_log = logging.getLogger(__name__)


class HistorySummarizer:
    """
    Args:
        texts: writes summaries, and keeps them.
    """

    def __init__(self, texts: ModelTexts) -> None:
        self._texts = texts

    async def fitted(self, request: AnswerRequest, room: int) -> tuple[Sequence[Message], int]:
        """The history for a prompt that has `room` tokens for it, and of how many turns a summary is in it.

        Without a model that can summarise, it is the history as it is, of which a prompt leaves out the oldest.
        """
        if not request.history or request.model in TOO_SMALL:
            return request.history, 0
        blocks, kept = turns_to_condense(request.history, room, estimate)
        if not blocks:
            return request.history, 0
        try:
            summary = await self._summary(request, blocks)
        except ModelError as error:
            _log.warning("Earlier turns were left out: %s", error.title)
            return request.history, 0
        return condensed(summary, kept), sum(map(len, blocks))

    async def _summary(self, request: AnswerRequest, blocks: Sequence[Sequence[Message]]) -> str:
        """Each block is condensed together with the summary of those before it."""
        write = partial(
            ModelTask, request.tenant, request.model, max_tokens=SUMMARY_TOKENS, max_context=request.max_context
        )
        summary = ""
        for block in blocks:
            task = write(messages=condensing_messages(summary, block))
            summary = await self._texts.once(task, Lane.BULK if request.background else Lane.INTERACTIVE)
        return summary
