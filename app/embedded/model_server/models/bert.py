"""A BERT on onnxruntime."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from app.embedded.model_server.runtime.residency import release_memory
from app.operating_system import lower_thread_priority

Result = TypeVar("Result")


class Bert:
    """One model, run on one text at a time in each of `threads` threads.

    A padded batch is half as fast on a CPU. The threads share one session, whose runs are single-threaded
    and hold no interpreter lock: as fast as a process each, at a fraction of the memory.

    Args:
        model: the ONNX file, with the inputs of a BERT.
        tokenizer: its text, as JSON.
        threads: texts worked on at once.
        niceness: of the threads; more gives way to others.
    """

    def __init__(self, model: Path, tokenizer: str, *, threads: int, niceness: int = 0) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_str(tokenizer)
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()

        def begin() -> None:
            if niceness:
                lower_thread_priority(niceness)

        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=model.parent.name, initializer=begin)
        release_memory()

    def run(self, tokens: Sequence[int], kinds: Sequence[int] | None = None) -> NDArray[np.float32]:
        """The model's first output for one text. `kinds` tells a pair's first part (0) from its second (1)."""
        ids = np.array([tokens], dtype=np.int64)
        parts = np.zeros_like(ids) if kinds is None else np.array([kinds], dtype=np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": parts}
        return np.asarray(self._session.run(None, feed)[0][0], dtype=np.float32)

    async def submit(self, work: Callable[[], Result]) -> Result:
        """Do the work in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
