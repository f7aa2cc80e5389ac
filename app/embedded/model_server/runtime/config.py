"""The model server's options."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from app.operating_system import usable_cores


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelServerConfig:
    """Where the server listens, who may call it, and how it spends the cores.

    Attributes:
        uds: a unix socket to listen on in place of host and port; only its owner may open it.
        token: when set, requests need `Authorization: Bearer <token>`, or Basic with it as the password.
        slots: `single` embeds one text at a time in the order of arrival, as Ollama does; `parallel` uses
            every core and shares them fairly among requests.
        embed_workers: texts embedded at once in parallel mode, one thread each.
        chat_threads: threads of one generation. Half the cores: the threads of a matrix product wait for
            each other by spinning, so a single busy neighbour on a fully used machine slows all of them
            (on two cores under load 1 token/s with two threads, 18 with one).
        chat_slots: generations at once in parallel mode; each has a whole context of its own.
        chat_model_file: a GGUF file to serve beside the bundled models.
        chat_context: the most tokens of context that it is loaded with.
        preload: load the models at start rather than on first use.
    """

    host: str = "127.0.0.1"
    port: int = 11435
    uds: Path | None = None
    token: str | None = field(default=None, repr=False)
    slots: Literal["single", "parallel"] = "parallel"
    embed_workers: int = field(default_factory=usable_cores)
    chat_threads: int = field(default_factory=lambda: max(1, usable_cores() // 2))
    chat_slots: int = 2
    chat_model_file: Path | None = None
    chat_context: int = 8192
    preload: bool = False
