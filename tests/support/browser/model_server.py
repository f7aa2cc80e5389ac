"""The embedded model server with a writer beside its models that is quick, slow enough to watch, and cites."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator

from app.embedded.model_server.__main__ import argument_parser, read_config, run
from app.embedded.model_server.app import create_model_server
from app.embedded.model_server.models.catalog import COMPLETION, ModelCard
from app.embedded.model_server.models.generation import Finish, GenerationModel, GenerationPrompt
from app.embedded.model_server.models.registry import HeldModel, served_models
from app.embedded.model_server.runtime.residency import Residency

WRITER = "quoting-writer"
# A passage is followed by its number.
_PASSAGE = re.compile(r"(.*?)\n\(passage (\d+)[^\n]*\)\n\n", re.DOTALL)
_QUESTION = re.compile(r"Question: (.*)\n")
_SENTENCE = re.compile(r"[^.!?\n]{12,}[.!?]")
_SECONDS_A_WORD = 0.03
# What a question that is to take its time holds.
SLOWLY = "slowly"


class Quoter:
    """Says the sentence of the passages that has most of the question's words, and where it is from."""

    async def generate(self, prompt: GenerationPrompt) -> AsyncGenerator[str | Finish, None]:
        began = time.monotonic_ns()
        asked = prompt.messages[-1].content
        words = re.findall(r"\S+\s*", _answer(asked))
        pace = _SECONDS_A_WORD * (20 if SLOWLY in asked else 1)
        for word in words:
            await asyncio.sleep(pace)
            yield word
        yield Finish("stop", len(asked.split()), 1_000_000, len(words), time.monotonic_ns() - began)

    async def close(self) -> None:
        """Nothing is held."""


def _answer(asked: str) -> str:
    question = _QUESTION.findall(asked)
    wanted = _words(question[-1] if question else asked)
    found = [
        (len(wanted & _words(sentence)), -int(number), sentence.strip(), number)
        for text, number in _PASSAGE.findall(asked)
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
        return Quoter()

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
