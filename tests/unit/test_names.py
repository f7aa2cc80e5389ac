import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.names import canonical_model, is_loopback

LETTERS = st.text("abcAB01-", min_size=1, max_size=8)
PREFIXES = st.sampled_from(["", "library/", "registry.ollama.ai/library/"])


@given(LETTERS, PREFIXES, st.sampled_from(["", ":latest", ":LATEST"]), st.booleans())
def test_every_spelling_of_a_model_has_one_canonical_name(name: str, prefix: str, tag: str, shout: bool) -> None:
    spelt = prefix + (name.upper() if shout else name) + tag
    assert canonical_model(spelt) == name.lower()
    assert canonical_model(canonical_model(spelt)) == canonical_model(spelt)


@given(LETTERS, LETTERS)
def test_another_tag_or_namespace_is_another_model(name: str, other: str) -> None:
    assert len({canonical_model(spelt) for spelt in (name, f"{name}:{other}x", f"{other}x/{name}")}) == 3


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.0.0.9", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("h", False),
    ],
)
def test_a_loopback_host_is_reached_from_this_machine_alone(host: str, local: bool) -> None:
    assert is_loopback(host) is local
