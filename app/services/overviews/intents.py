"""Tells what a question asks of the documents: by rules, else by the chat model where one is worth asking."""

import logging

from app.domain.answers import GENERATE, AnswerRequest, Message
from app.errors import ModelError
from app.generation.overviews.intents import Intent, Subject, intent_for, intent_of, may_be_about_documents
from app.generation.prompting.prompt_profile import TOO_SMALL
from app.ollama.scheduling.lanes import Lane
from app.services.answering.model_texts import ModelTask, ModelTexts

_log = logging.getLogger(__name__)
_INSTRUCTION = (
    "Tell what the user asks of a collection of documents. Reply with one word.\n"
    "files: which documents there are\n"
    "new: which documents were added or changed\n"
    "summary: what a whole document says, or all of them\n"
    "compare: how two documents differ\n"
    "list: every passage of one kind, as all deadlines\n"
    "fact: anything else"
)
_REPLY_TOKENS = 8
# Characters of a question that a model is asked about.
_LONGEST = 300


class IntentFinder:
    """
    Args:
        texts: asks the model, and remembers what it said.
    """

    def __init__(self, texts: ModelTexts) -> None:
        self._texts = texts

    async def of(self, request: AnswerRequest) -> Intent | None:
        """What the question asks of the documents as such; None if it asks for a fact.

        The model is asked only if a word hints at documents: every other question would wait for it in vain.
        """
        question = request.question
        found = intent_of(question)
        asks = request.mode == GENERATE and request.model not in TOO_SMALL and len(question) <= _LONGEST
        if found is not None or not asks or not may_be_about_documents(question):
            return found
        task = ModelTask(
            tenant=request.tenant,
            model=request.model,
            messages=(Message("system", _INSTRUCTION), Message("user", question)),
            max_tokens=_REPLY_TOKENS,
            max_context=request.max_context,
        )
        try:
            said = (await self._texts.once(task, Lane.INTERACTIVE)).strip(" .:\"'*").lower()
        except ModelError as error:
            _log.warning("A question's intent was told by rules alone: %s", error.title)
            return None
        return intent_for(Subject(said), question) if said in set(Subject) else None
