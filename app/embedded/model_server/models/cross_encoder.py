"""ms-marco-MiniLM-L-12-v2 on onnxruntime: it reads a query and a document together."""

import math
from collections import OrderedDict
from functools import partial
from pathlib import Path

from app.embedded.model_server.models.bert import Bert
from app.embedded.model_server.models.catalog import MODELS_WHEEL, RERANKER_FOLDER, locate
from app.embedded.model_server.models.reranking import Relevance

_CONTEXT = 512
# At most this much of the context is the query's, so that there is room for what it is compared with.
_LONGEST_QUERY = 192
_REMEMBERED_QUERIES = 32


class CrossEncoder:
    """Scores pairs by the sigmoid of the model's logit. A long query loses its middle, a long document its end."""

    def __init__(self, threads: int) -> None:
        model, tokenizer = (
            Path(str(locate(MODELS_WHEEL, f"{RERANKER_FOLDER}/{name}").locate()))
            for name in ("model.onnx", "tokenizer.json")
        )
        self._bert = Bert(model, tokenizer.read_text(encoding="utf-8"), threads=threads)
        self._first, self._between = self._bert.tokenizer.encode("").ids
        self._queries: OrderedDict[str, list[int]] = OrderedDict()

    async def score(self, query: str, document: str) -> Relevance:
        return await self._bert.submit(partial(self._score, self._tokens_of(query), document))

    def _score(self, query: list[int], document: str) -> Relevance:
        said = self._bert.tokenizer.encode(document, add_special_tokens=False).ids[: _CONTEXT - len(query) - 1]
        tokens = [*query, *said, self._between]
        kinds = [0] * len(query) + [1] * (len(said) + 1)
        logit = float(self._bert.run(tokens, kinds)[0])
        return Relevance(1 / (1 + math.exp(-logit)), len(tokens))

    def _tokens_of(self, query: str) -> list[int]:
        """The query between the marks that stand around it; the same for all of its documents."""
        known = self._queries.pop(query, None)
        if known is None:
            known = self._bert.tokenizer.encode(query, add_special_tokens=False).ids
            if len(known) > _LONGEST_QUERY:
                known = [*known[: _LONGEST_QUERY // 2], *known[-_LONGEST_QUERY // 2 :]]
            known = [self._first, *known, self._between]
        self._queries[query] = known
        if len(self._queries) > _REMEMBERED_QUERIES:
            self._queries.popitem(last=False)
        return known

    async def close(self) -> None:
        await self._bert.close()
