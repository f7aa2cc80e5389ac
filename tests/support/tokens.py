"""What the embedding model itself makes of a text."""

from functools import cache

from tokenizers import Tokenizer

from app.ingestion.splitting.tokenizer import _bundled_tokenizer


@cache
def model_tokenizer() -> Tokenizer:
    bundled = _bundled_tokenizer("all-minilm")
    assert bundled is not None
    tokenizer = Tokenizer.from_buffer(bundled)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def model_tokens(text: str) -> int:
    """What the model itself sees, specials included."""
    return len(model_tokenizer().encode(text))
