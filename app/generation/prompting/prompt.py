"""Builds the prompt: instruction, passages and question, within the model's real context."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from app.domain.answers import AnswerStyle, LeftOut, Message, Source
from app.domain.documents import Chunk
from app.domain.retrieval import ScoredChunk
from app.errors import InputTooLong
from app.generation.prompting.context_expansion import Excerpt, extended
from app.generation.prompting.prompt_profile import AS_WRITTEN, BEST_LAST, PromptProfile, profile_of
from app.generation.prompting.tokens import MESSAGE_TOKENS, TokenCounter
from app.generation.prompting.window import relevant_window
from app.generation.terms import terms

# Part of the cache key of answers: raise it with any change of a prompt's text or composition.
PROMPT_VERSION = "3"

# In tokens. A shorter piece of a passage is not worth reading.
_SMALLEST_PASSAGE = 48
_SMALLEST_REPLY = 32
# The share of the room that earlier turns take at most.
_HISTORY_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt. `tokens` is an estimate; `max_tokens` is the room that the context leaves for the reply.

    `stop`: where the reply ends if the model goes on as the prompt did.
    """

    messages: tuple[Message, ...]
    sources: tuple[Source, ...]
    left_out: LeftOut | None
    tokens: int
    max_tokens: int
    stop: tuple[str, ...]


@dataclass(slots=True)
class PromptBuilder:
    """Fits prompts into a model's context.

    Args:
        counter: estimates tokens.
        profile_of: says how a model is written to.
    """

    counter: TokenCounter = field(default_factory=TokenCounter)
    profile_of: Callable[[str], PromptProfile] = profile_of

    def build(
        self,
        question: str,
        passages: Sequence[ScoredChunk],
        *,
        model: str,
        context: int,
        max_tokens: int,
        history: Sequence[Message] = (),
        search_text: str | None = None,
        around: Mapping[int, Sequence[Chunk]] = MappingProxyType({}),
        style: AnswerStyle = AnswerStyle(),  # noqa: B008 - frozen
    ) -> Prompt:
        """Fit instruction, history, passages and question into `context` tokens, less the tokens of the reply.

        The instruction and the question are never cut. The newest turns of the history are kept whole. Each passage
        is cut to the part about `search_text`, by default the question. Room that is left goes to the chunks
        `around` the passages, by the passages' chunk ids.

        Raises:
            InputTooLong: the question alone leaves no room for an answer.
        """
        count = partial(self.counter.count, model=model)
        profile = self.profile_of(model)
        instruction = profile.system(style)
        room = self._room(question, model=model, context=context, max_tokens=max_tokens, style=style)
        turns, used = _newest(history, int(room * _HISTORY_SHARE), count)
        frame = partial(_framed, profile, count)
        excerpts, room = _excerpts(passages, set(terms(search_text or question)), room - used, count, frame)
        excerpts = extended(excerpts, around, room, count)
        system = "\n\n".join([instruction, *(turn.content for turn in turns if turn.role == "system")])
        sources = tuple(Source.of(number, *excerpt) for number, excerpt in enumerate(excerpts, 1))
        order = style.order or profile.order
        messages = (
            Message("system", system),
            *(turn for turn in turns if turn.role != "system"),
            Message("user", profile.ask(_ordered(sources, excerpts, order), question, style)),
        )
        tokens = sum(count(message.content) + MESSAGE_TOKENS for message in messages) + MESSAGE_TOKENS
        left_out = LeftOut(
            passages=len(passages) - len(sources),
            passages_cut=sum(len(excerpt) < len(chunk.text.strip()) for chunk, excerpt in excerpts),
            history=len(history) - len(turns),
        )
        return Prompt(
            messages=messages,
            sources=sources,
            left_out=left_out if left_out != LeftOut() else None,
            tokens=tokens,
            max_tokens=max(1, min(max_tokens, context - tokens)),
            stop=profile.stop,
        )

    def history_room(self, question: str, *, model: str, context: int, max_tokens: int, style: AnswerStyle) -> int:
        """The tokens that `build` has for earlier turns. Raises what it raises."""
        room = self._room(question, model=model, context=context, max_tokens=max_tokens, style=style)
        return int(room * _HISTORY_SHARE)

    def _room(self, question: str, *, model: str, context: int, max_tokens: int, style: AnswerStyle) -> int:
        """The tokens that are left for history and passages."""
        count = partial(self.counter.count, model=model)
        profile = self.profile_of(model)
        fixed = count(profile.system(style)) + count(profile.ask((), question, style)) + 3 * MESSAGE_TOKENS
        if fixed + _SMALLEST_REPLY > context:
            raise InputTooLong(f"The question is longer than the context of {model}, {context} tokens, allows.")
        reply = min(max_tokens, max(_SMALLEST_REPLY, context // 4))
        room = max(0, context - reply - fixed)
        return room if profile.target is None else min(room, max(profile.target - fixed, profile.target // 2))


def _newest(history: Sequence[Message], room: int, count: Callable[[str], int]) -> tuple[list[Message], int]:
    """Return the newest whole turns that fit, in order, and their tokens."""
    kept: list[Message] = []
    used = 0
    for turn in reversed(history):
        cost = count(turn.content) + MESSAGE_TOKENS
        if used + cost > room:
            break
        kept.insert(0, turn)
        used += cost
    return kept, used


def _excerpts(
    passages: Sequence[ScoredChunk],
    wanted: set[str],
    room: int,
    count: Callable[[str], int],
    framed: Callable[[int, ScoredChunk], int],
) -> tuple[list[Excerpt], int]:
    """Return the best passages, cut to equal shares of the room, and the room that is left.

    Room that a short passage leaves goes to the passages after it.
    """
    chosen = passages[: max(1, room // _SMALLEST_PASSAGE)] if room > 0 else ()
    excerpts: list[Excerpt] = []
    for at, chunk in enumerate(chosen):
        frame = framed(at + 1, chunk)
        share = room // (len(chosen) - at) - frame
        if share <= 0:
            break
        excerpt = relevant_window(chunk.text, wanted, budget=share, count=count)
        if excerpt:
            excerpts.append((chunk, excerpt))
            room -= count(excerpt) + frame
    return excerpts, room


def _ordered(sources: Sequence[Source], excerpts: Sequence[Excerpt], order: str) -> Sequence[Source]:
    """The sources, given best first, in the order in which the model reads them."""
    if order == AS_WRITTEN:
        documents = list(dict.fromkeys(chunk.document_id for chunk, _ in excerpts))
        places = {chunk.chunk_id: (documents.index(chunk.document_id), chunk.ordinal) for chunk, _ in excerpts}
        return sorted(sources, key=lambda source: places[source.chunk_id])
    return sources[::-1] if order == BEST_LAST else sources


def _framed(profile: PromptProfile, count: Callable[[str], int], number: int, chunk: ScoredChunk) -> int:
    """The tokens of what stands around a passage."""
    return count(profile.frame(Source.of(number, chunk, ""), "\n\n"))
