"""Short texts that a chat model writes for the service itself, each once: summaries, rewritten questions."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from uuid import UUID

from app.cache.keys import canonical_json
from app.db.database import Database
from app.db.tables import model_texts
from app.domain.answers import Message
from app.errors import ModelError, StoreUnavailable
from app.ollama.scheduling.lanes import Lane
from app.services.answering.model_facts import ContextWindows, ModelDigests
from app.services.answering.writer import ChatModels

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelTask:
    """A text to be written.

    Attributes:
        tenant: for whom. No tenant is given what was written for another.
        model: the chat model.
        messages: all that the model is shown.
        max_tokens: of the text.
        max_context: the most tokens of context that the model is loaded with; None: as the service has it.
        document_id: the document that it is about, with which it is deleted; None: it is about a conversation.
    """

    tenant: str
    model: str
    messages: tuple[Message, ...]
    max_tokens: int
    max_context: int | None = None
    document_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ModelText:
    """A text that was written, and the seconds that it took."""

    text: str
    seconds: float


class ModelTexts:
    """Asks a model for texts and keeps them in Postgres, by all that they depend on.

    Args:
        database: where they are kept.
        models: the chat models.
        contexts: how many tokens each model is loaded with.
        digests: the weights of the models.
    """

    def __init__(
        self, database: Database, models: ChatModels, contexts: ContextWindows, digests: ModelDigests
    ) -> None:
        self._database = database
        self._models = models
        self._contexts = contexts
        self._digests = digests

    async def known(self, tasks: Sequence[ModelTask]) -> list[ModelText | None]:
        """For each task the text if it was written before. All tasks are of one tenant and one model.

        Raises:
            ModelError: the model is not there.
        """
        if not tasks:
            return []
        digest = await self._digests.of(tasks[0].model)
        # Hashing a book takes long enough to hold up others.
        keys = await asyncio.to_thread(lambda: [_key(task, digest) for task in tasks])
        try:
            async with self._database.connection() as connection:
                found = await model_texts.find(connection, tasks[0].tenant, keys)
        except StoreUnavailable:
            return [None] * len(tasks)
        return [ModelText(*found[key]) if key in found else None for key in keys]

    async def write(self, task: ModelTask, lane: Lane) -> ModelText:
        """Ask the model, and keep what it says. Cancelling stops the model.

        Raises:
            InputTooLong: the messages do not fit into the model's context.
            ModelError: the model failed, or said nothing.
        """
        began = time.monotonic()
        text = ""
        chunks = self._models.chat(
            [{"role": message.role, "content": message.content} for message in task.messages],
            model=task.model,
            temperature=0.0,
            max_tokens=task.max_tokens,
            stop=(),
            thinking_tokens=0,
            num_ctx=await self._contexts.of(task.model, task.max_context),
            truncate=False,
            lane=lane,
        )
        async with aclosing(chunks):
            async for chunk in chunks:
                text += chunk.text
        text = text.strip()
        if not text:
            raise ModelError(f"{task.model} returned an empty text.")
        written = ModelText(text, time.monotonic() - began)
        await self._keep(task, written)
        return written

    async def once(self, task: ModelTask, lane: Lane) -> str:
        """The text, written now unless it was before. Raises what `write` does."""
        (known,) = await self.known([task])
        return (known or await self.write(task, lane)).text

    async def _keep(self, task: ModelTask, written: ModelText) -> None:
        key = _key(task, await self._digests.of(task.model))
        try:
            async with self._database.connection() as connection:
                await model_texts.keep(
                    connection,
                    task.tenant,
                    key,
                    document_id=task.document_id,
                    text=written.text,
                    seconds=written.seconds,
                )
        except StoreUnavailable:
            _log.warning("A text of a model was not kept: the database does not answer")


def _key(task: ModelTask, digest: str) -> bytes:
    shown = [(message.role, message.content) for message in task.messages]
    document = str(task.document_id) if task.document_id else ""
    return hashlib.sha256(canonical_json((digest, task.model, task.max_tokens, document, shown))).digest()
