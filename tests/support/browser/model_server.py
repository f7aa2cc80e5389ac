"""The embedded model server with a writer beside its models that cites, thinks, and stops where a test wants it."""

import asyncio
import os
import re
import time
from collections.abc import AsyncGenerator
from pathlib import Path

from app.embedded.model_server.__main__ import argument_parser, read_config, run
from app.embedded.model_server.app import create_model_server
from app.embedded.model_server.models.catalog import COMPLETION, ModelCard
from app.embedded.model_server.models.generation import Finish, GenerationModel, GenerationPrompt
from app.embedded.model_server.models.registry import HeldModel, served_models
from app.embedded.model_server.runtime.residency import Residency

WRITER = "quoting-writer"
_PASSAGE = re.compile(r"<passage (\d+) [^\n]*\n(.*?)\n</passage", re.DOTALL)
_QUESTION = re.compile(r"Question: (.*)\n")
_SENTENCE = re.compile(r"[^.!?\n]{12,}[.!?]")
# Names the folder in which a file called HELD holds the writer after the first words of an answer.
HELD_IN = "LOCALCHAT_TEST_WRITER_FOLDER"
HELD = "held"
_FIRST_WORDS = 4
_LOOK_AGAIN_SECONDS = 0.02
# A question with this word is thought about.
PONDER = "ponder"
THOUGHT = "The passages speak of it."


class Quoter:
    """Says the sentence of the passages that has most of the question's words, and where it is from."""

    def __init__(self, held: Path) -> None:
        self._held = held

    async def generate(self, prompt: GenerationPrompt) -> AsyncGenerator[str | Finish, None]:
        began = time.monotonic_ns()
        asked = prompt.messages[-1].content
        if PONDER in asked:
            yield f"<think>{THOUGHT}</think>"
        words = re.findall(r"\S+\s*", _answer(asked))
        for number, word in enumerate(words):
            while number == _FIRST_WORDS and self._held.exists():
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            yield word
        yield Finish("stop", len(asked.split()), 1_000_000, len(words), time.monotonic_ns() - began)

    async def close(self) -> None:
        """Nothing is held."""


def _answer(asked: str) -> str:
    question = _QUESTION.findall(asked)
    wanted = _words(question[-1] if question else asked)
    found = [
        (len(wanted & _words(sentence)), -int(number), sentence.strip(), number)
        for number, text in _PASSAGE.findall(asked)
        for sentence in _SENTENCE.findall(text)
    ]
    if not found:
        return "The documents do not tell."
    _, _, sentence, number = max(found)
    return f"{sentence} [{number}] That is what the **documents** say."


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.lower()) if len(word) > 3}


def quoting_writer() -> HeldModel:
    async def load() -> Quoter:
        return Quoter(Path(os.environ[HELD_IN]) / HELD)

    card = ModelCard(
        name=f"{WRITER}:latest",
        architecture="fake",
        parameter_size="0",
        parameter_count=0,
        quantization="none",
        file_format="none",
        capability=COMPLETION,
        context_length=8192,
        embedding_length=0,
    )
    return HeldModel(card, generation=GenerationModel(Residency(card.name, load)))


def main() -> None:
    config = read_config(argument_parser().parse_args())
    run(create_model_server(config, [*served_models(config), quoting_writer()]), config)


if __name__ == "__main__":
    main()
