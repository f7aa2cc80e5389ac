"""Lets a chat model write an answer from passages that no search found."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace

from app.domain.answers import AnswerRequest, Event, Source, Sources
from app.domain.retrieval import ScoredChunk
from app.errors import LocalChatError
from app.services.answering.answer import failed
from app.services.answering.writer import EmptyAnswer, ModelWriter, StageClock
from app.services.overviews.quoted import QuotedAnswer


async def written_or_quoted(
    writer: ModelWriter,
    request: AnswerRequest,
    passages: Sequence[ScoredChunk],
    quoted: QuotedAnswer,
    clock: StageClock,
    originals: Mapping[int, ScoredChunk] | None = None,
) -> AsyncGenerator[Event, None]:
    """Yield the events of an answer as the model writes it; if it says nothing, of the quoted one.

    Args:
        writer: asks the model.
        request: the question.
        passages: what the model is shown.
        quoted: the answer without a writer.
        clock: of the answer.
        originals: the passages that clients are shown in place of those that the model is shown, by chunk id.
    """
    try:
        prompt = await writer.prompt(request, request.question, passages, alone=True)
        yield Sources(tuple(_shown(source, originals or {}) for source in prompt.sources))
        async with aclosing(writer.write(request, prompt, clock)) as events:
            async for event in events:
                yield event
    except EmptyAnswer:
        for said in quoted.events(clock):
            yield said
    except LocalChatError as error:
        yield failed(error)


def _shown(source: Source, originals: Mapping[int, ScoredChunk]) -> Source:
    original = originals.get(source.chunk_id)
    return source if original is None else replace(source, quote=original.text)
