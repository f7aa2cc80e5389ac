"""What is told of a chat model in a file comes from the file's own header."""

from pathlib import Path

import pytest

from app.embedded.model_server.models.catalog import file_card, smollm_card, smollm_file
from app.embedded.model_server.models.gguf import NotGguf, read_gguf


def test_a_file_says_of_the_bundled_model_what_its_card_says() -> None:
    known, read = smollm_card(), file_card(smollm_file(), 8192)
    assert read.name == "smollm2-135m-instruct.q4_1"
    for fact in (
        "architecture",
        "parameter_size",
        "parameter_count",
        "quantization",
        "context_length",
        "embedding_length",
        "size",
    ):
        assert getattr(read, fact) == getattr(known, fact)
    assert "<|im_start|>" in read.template


def test_the_context_of_a_file_is_bounded() -> None:
    assert file_card(smollm_file(), 2048).context_length == 2048


def test_a_file_that_changes_has_another_digest(tmp_path: Path) -> None:
    copy = tmp_path / "My Model (new).gguf"
    content = smollm_file().read_bytes()
    copy.write_bytes(content)
    before = file_card(copy, 8192)
    assert before.name == "my-model-new"
    copy.write_bytes(content + b"more")
    assert file_card(copy, 8192).digest != before.digest


@pytest.mark.parametrize("length", [0, 3, 4, 7, 20, 100, 1000, 100_000])
def test_half_a_header_is_refused(tmp_path: Path, length: int) -> None:
    damaged = tmp_path / "model.gguf"
    damaged.write_bytes(smollm_file().read_bytes()[:length])
    with pytest.raises(NotGguf):
        read_gguf(damaged)


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7 and more of it", b"GGUF" + b"\xff" * 400, b"GGUF\3\0\0\0" + b"\xff" * 400]
)
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    other = tmp_path / "model.gguf"
    other.write_bytes(content)
    with pytest.raises(NotGguf):
        read_gguf(other)
