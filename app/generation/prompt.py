"""Builds the prompt: instruction, passages and question, within the model's real context."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

from app.domain.answers import LeftOut, Message, Source
from app.domain.documents import Chunk
from app.domain.retrieval import ScoredChunk
from app.errors import InputTooLong
from app.generation.context_expansion import Excerpt, extended
from app.generation.terms import terms
from app.generation.tokens import MESSAGE_TOKENS, TokenCounter
from app.generation.window import relevant_window

# Part of the cache key of answers: raise it with any change of a prompt's text or composition.
PROMPT_VERSION = "2"

INSTRUCTION = (
    "You answer questions from the numbered passages that you are given. Use only what they say. "
    "If they do not answer the question, say that the documents do not tell."
)
# A small model continues after its answer as the prompt did. The answer ends there.
ECHOES = ("\n(passage ", "\nQuestion:")
# In tokens. A shorter piece of a passage is not worth reading.
_SMALLEST_PASSAGE = 48
_SMALLEST_REPLY = 32
# The share of the room that earlier turns take at most.
_HISTORY_SHARE = 0.25
_LABEL_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt. `tokens` is an estimate; `max_tokens` is the room that the context leaves for the reply."""

    messages: tuple[Message, ...]
    sources: tuple[Source, ...]
    left_out: LeftOut | None
    tokens: int
    max_tokens: int


@dataclass(slots=True)
class PromptBuilder:
    """Fits prompts into a model's context.

    Args:
        counter: estimates tokens.
        target: tokens that a prompt does not exceed though the context has room, unless the question is long: a
            small model on a CPU reads about 230 in a second.
        closing: the last words, which keep a small model from continuing the passages.
    """

    counter: TokenCounter = field(default_factory=TokenCounter)
    target: int = 1024
    closing: str = "Answer in one or two sentences."

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
    ) -> Prompt:
        """Fit instruction, history, passages and question into `context` tokens, less the tokens of the reply.

        The instruction and the question are never cut. The newest turns of the history are kept whole. Each passage
        is cut to the part about `search_text`, by default the question. Room that is left goes to the chunks
        `around` the passages, by the passages' chunk ids.

        Raises:
            InputTooLong: the question alone leaves no room for an answer.
        """
        count = partial(self.counter.count, model=model)
        fixed = count(INSTRUCTION) + count(self._ask((), question)) + 3 * MESSAGE_TOKENS
        if fixed + _SMALLEST_REPLY > context:
            raise InputTooLong(f"The question is longer than the context of {model}, {context} tokens, allows.")
        reply = min(max_tokens, max(_SMALLEST_REPLY, context // 4))
        room = max(0, min(context - reply - fixed, max(self.target - fixed, self.target // 2)))
        turns, used = _newest(history, int(room * _HISTORY_SHARE), count)
        excerpts, room = _excerpts(passages, set(terms(search_text or question)), room - used, count)
        excerpts = extended(excerpts, around, room, count)
        system = "\n\n".join([INSTRUCTION, *(turn.content for turn in turns if turn.role == "system")])
        sources = tuple(Source.of(number, *excerpt) for number, excerpt in enumerate(excerpts, 1))
        messages = (
            Message("system", system),
            *(turn for turn in turns if turn.role != "system"),
            Message("user", self._ask(sources, question)),
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
        )

    def _ask(self, sources: Sequence[Source], question: str) -> str:
        """Return the passages, the best last, where a small model heeds it most, and then the question."""
        passages = [_frame(item.citation, item.filename, item.section, item.quote) for item in reversed(sources)]
        return "\n\n".join([*passages, f"Question: {question}\n{self.closing}"])


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
    passages: Sequence[ScoredChunk], wanted: set[str], room: int, count: Callable[[str], int]
) -> tuple[list[Excerpt], int]:
    """Return the best passages, cut to equal shares of the room, and the room that is left.

    Room that a short passage leaves goes to the passages after it.
    """
    chosen = passages[: max(1, room // _SMALLEST_PASSAGE)] if room > 0 else ()
    excerpts: list[Excerpt] = []
    for at, chunk in enumerate(chosen):
        frame = count(_frame(at + 1, chunk.filename, chunk.section, "\n\n"))
        share = room // (len(chosen) - at) - frame
        if share <= 0:
            break
        excerpt = relevant_window(chunk.text, wanted, budget=share, count=count)
        if excerpt:
            excerpts.append((chunk, excerpt))
            room -= count(excerpt) + frame
    return excerpts, room


def _frame(number: int, filename: str, section: str | None, excerpt: str) -> str:
    """Frame a passage with its label last: SmolLM2-135M begins its answer by copying a heading, not a footer."""
    label = f"{filename.rpartition('/')[2]}, {section}" if section else filename.rpartition("/")[2]
    return f"{excerpt}\n(passage {number}, {label[:_LABEL_CHARACTERS]})"
