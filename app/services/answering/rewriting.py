"""Makes follow-up questions searchable on their own: by the chat model where one is worth asking, else by rules."""

import asyncio
import logging

from app.domain.answers import GENERATE, AnswerRequest
from app.errors import LocalChatError
from app.generation.prompting.prompt_profile import TOO_SMALL
from app.generation.rewriting import (
    REWRITING_TOKENS,
    is_follow_up,
    rewriting_messages,
    rewritten_by_model,
    rewritten_by_rules,
)
from app.ollama.scheduling.lanes import Lane
from app.services.answering.model_texts import ModelTask, ModelTexts

_log = logging.getLogger(__name__)
# Seconds that a rewriting may keep an answer waiting.
_PATIENCE = 8.0


class FollowUpRewriter:
    """
    Args:
        texts: asks the model, and keeps what it wrote; None: rules alone rewrite.
    """

    def __init__(self, texts: ModelTexts | None = None) -> None:
        self._texts = texts

    async def standalone(self, request: AnswerRequest) -> str:
        """The text to search for. The model is asked only about a question that refers back."""
        question, history = request.question, request.history
        if not any(turn.role == "user" for turn in history) or not is_follow_up(question):
            return question
        if self._texts is None or request.mode != GENERATE or request.model in TOO_SMALL:
            return rewritten_by_rules(question, history)
        task = ModelTask(
            tenant=request.tenant,
            model=request.model,
            messages=rewriting_messages(question, history),
            max_tokens=REWRITING_TOKENS,
            max_context=request.max_context,
        )
        try:
            async with asyncio.timeout(_PATIENCE):
                reply = await self._texts.once(task, Lane.BULK if request.background else Lane.INTERACTIVE)
        except (LocalChatError, TimeoutError) as error:
            _log.warning(
                "A question was rewritten by rules: %s", getattr(error, "title", "the model took too long")
            )
            return rewritten_by_rules(question, history)
        return rewritten_by_model(reply) or rewritten_by_rules(question, history)
