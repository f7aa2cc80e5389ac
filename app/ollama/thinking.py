"""Keeps a reasoning model's thoughts apart from its answer, in whatever form the model writes them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from app.errors import ModelProtocolError
from app.ollama.protocol import ChatChunk


class Habit(Enum):
    """How a model thinks."""

    NEVER = auto()
    ON_REQUEST = auto()  # `think` turns it on and off, and the server keeps the thoughts apart
    IN_LEVELS = auto()  # always, as much as `think` says: low, medium or high
    IN_TAGS = auto()  # always, as text between tags at the beginning of the answer
    UNOPENED = auto()  # the same without the opening tag, which stands in the model's template


_TAGS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
}
_CLOSING = "</think>"
_CLOSING_LINE = re.compile(r"\n[ \t]*</think>[ \t]*\n")
# Names of models that were made to reason, for servers that say nothing about it.
_REASONERS = re.compile(r"(?<![a-z0-9])(?:r1|qwq|thinking|thinker|reasoning|reasoner)(?![a-z0-9])")
# Up to so many tokens of thoughts, gpt-oss is asked for little thinking, or for some.
_LOW, _MEDIUM = 2048, 8192
# Tokens that a model may think with if it cannot be told not to.
_UNASKED = 2048


def habit_of(name: str, shown: Mapping[str, Any]) -> Habit:
    """Tell from a model's canonical name and its `/api/show` how it thinks."""
    family = str((shown.get("details") or {}).get("family") or "")
    template = str(shown.get("template") or "")
    if family in {"gptoss", "gpt-oss"} or name.rpartition("/")[2].startswith("gpt-oss"):
        return Habit.IN_LEVELS
    if "thinking" in (shown.get("capabilities") or ()):
        return Habit.ON_REQUEST
    if template.rfind("<think>") > template.rfind(_CLOSING) or _REASONERS.search(name):
        return Habit.UNOPENED
    return Habit.NEVER


def unasked_tokens(habit: Habit) -> int:
    """Return the tokens that a model may think with if it is asked not to think."""
    return _UNASKED if habit in {Habit.IN_LEVELS, Habit.IN_TAGS, Habit.UNOPENED} else 0


def think_option(habit: Habit, tokens: int) -> bool | str | None:
    """Return `think` of a chat request in which a model may use `tokens` for thoughts; None leaves it out."""
    if habit is Habit.ON_REQUEST:
        return tokens > 0
    if habit is Habit.IN_LEVELS:
        return "low" if tokens <= _LOW else "medium" if tokens <= _MEDIUM else "high"
    return None


@dataclass(frozen=True, slots=True)
class Split:
    thinking: str = ""
    text: str = ""


class ThoughtSplitter:
    """Splits the text of one answer as it comes into thoughts and the answer.

    Thoughts stand between tags at the beginning. A model with the habit `UNOPENED` writes the closing tag alone:
    its text counts as thoughts until then, and as the answer if the tag never comes. `found` is the habit that
    showed.
    """

    def __init__(self, habit: Habit) -> None:
        self.found: Habit | None = None
        self._held = ""  # text that may be a part of a tag
        self._closing = ""  # the tag that ends the thoughts
        self._answering = False
        self._line_begins = True  # the held text begins a line of the answer
        self._unopened = ""  # thoughts that become the answer if no tag closes them
        self._may_be_unopened = habit is Habit.UNOPENED

    def feed(self, text: str) -> Split:
        """Take the next piece of the answer.

        Raises:
            ModelProtocolError: the text so far turns out to be thoughts.
        """
        self._held += text
        thinking = answer = ""
        while True:
            if self._closing:
                piece, ended = self._thoughts()
                thinking += piece
                if not ended:
                    break
            elif self._answering:
                answer += self._answer()
                break
            elif not self._begin():
                break
        return Split(thinking, answer)

    def finish(self, *, cut: bool) -> Split:
        """Return the rest. `cut`: the model had no tokens left, so unclosed text is thoughts and not the answer."""
        rest, self._held = self._held, ""
        if self._closing and self._may_be_unopened and not cut:
            return Split(text=self._unopened + rest)
        if self._closing:
            return Split(thinking=rest)
        if self._answering and not self.found:
            self._check(f"{rest}\n")
        return Split(text=rest.lstrip() if self.found else rest)

    def _begin(self) -> bool:
        """Decide whether thoughts or the answer begin. Returns False while that is not known."""
        begun = self._held.lstrip()
        opening = next((tag for tag in _TAGS if begun.startswith(tag)), None)
        if opening is not None:
            self.found = self.found or Habit.IN_TAGS
            self._held, self._closing, self._may_be_unopened = begun[len(opening) :], _TAGS[opening], False
        elif not begun or any(tag.startswith(begun) for tag in _TAGS):
            return False
        elif self._may_be_unopened:
            self._closing = _CLOSING
        else:
            self._answering = True
            if self.found:
                self._held = begun
        return True

    def _thoughts(self) -> tuple[str, bool]:
        """Take thoughts from the held text. Returns them, and whether their end came."""
        thoughts, closing, rest = self._held.partition(self._closing)
        if closing:
            if self._may_be_unopened:
                self.found, self._may_be_unopened, self._unopened = Habit.UNOPENED, False, ""
            self._held, self._closing = rest, ""
            return thoughts, True
        keep = _overlap(self._held, self._closing)
        thoughts, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        if self._may_be_unopened:
            self._unopened += thoughts
        return thoughts, False

    def _answer(self) -> str:
        """Take text of the answer, except a last line that may become a closing tag."""
        keep = 0
        if not self.found:
            self._check(self._held)
            before, newline, line = self._held.rpartition("\n")
            if (newline or self._line_begins) and _CLOSING.startswith(line.strip()):
                keep = len(self._held) - len(before)
        text, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        if text:
            self._line_begins = text.endswith("\n")
        return text

    def _check(self, text: str) -> None:
        """Look for a closing tag on a line of its own: it ends thoughts that nothing opened."""
        if _CLOSING_LINE.search(("\n" if self._line_begins else " ") + text):
            self.found = Habit.UNOPENED
            raise ModelProtocolError("The model wrote its thoughts as if they were its answer; ask again.")


class ThinkingReply:
    """Turns the chunks of a reply into chunks that keep thoughts apart, within the limits of its request.

    Thoughts have tokens of their own beside those of the answer. A server knows one limit for both, so the reply of
    a model that thinks is ended here when either is used up. A chunk counts as one token, as servers send them.

    Args:
        habit: how the model thinks.
        max_tokens: of the answer; None for no limit.
        thinking_tokens: that the model is asked to think with; 0 asks it not to think.
        prompt_tokens: an estimate, reported if the reply is ended here, before the server reports its own count.
    """

    def __init__(self, habit: Habit, *, max_tokens: int | None, thinking_tokens: int, prompt_tokens: int) -> None:
        self._splitter = ThoughtSplitter(habit)
        self._thinking_tokens = thinking_tokens or unasked_tokens(habit)
        self._max_tokens = max_tokens
        self._prompt_tokens = prompt_tokens
        self._thought = self._answered = 0
        self.think = think_option(habit, thinking_tokens)

    @property
    def limit(self) -> int | None:
        """`num_predict` of the request."""
        return None if self._max_tokens is None else self._max_tokens + self._thinking_tokens

    @property
    def found(self) -> Habit | None:
        """The habit that the text of the reply showed."""
        return self._splitter.found

    def feed(self, chunk: ChatChunk) -> ChatChunk:
        """Take the next chunk of the server, and return what it adds to thoughts and answer.

        Raises:
            ModelProtocolError: the text so far turns out to be thoughts.
        """
        split = self._splitter.feed(chunk.text)
        part = replace(chunk, text=split.text, thinking=chunk.thinking + split.thinking)
        self._answered += bool(part.text)
        self._thought += bool(part.thinking)
        if chunk.done:
            return self._ended(part, cut=chunk.done_reason == "length")
        if self._max_tokens is None or not self._thinking_tokens:
            return part
        if self._answered >= self._max_tokens or (not self._answered and self._thought >= self._thinking_tokens):
            ending = replace(part, done=True, done_reason="length", prompt_eval_count=self._prompt_tokens)
            return self._ended(replace(ending, eval_count=self._answered + self._thought), cut=True)
        return part

    def _ended(self, part: ChatChunk, *, cut: bool) -> ChatChunk:
        rest = self._splitter.finish(cut=cut)
        return replace(part, text=part.text + rest.text, thinking=part.thinking + rest.thinking)


def _overlap(text: str, tag: str) -> int:
    """Return how many characters at the end of `text` may be the beginning of `tag`."""
    return next((size for size in range(len(tag) - 1, 0, -1) if text.endswith(tag[:size])), 0)
