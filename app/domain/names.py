"""Names that have several spellings, and the one that LocalChat uses."""

from ipaddress import ip_address

_REGISTRY = "registry.ollama.ai/"
_LIBRARY = "library/"
_TAG = ":latest"


def canonical_model(name: str) -> str:
    """Return the one spelling of a model's name, as Ollama lists models but without what it assumes by itself.

    Ollama ignores case, and reads `all-minilm`, `all-minilm:latest` and `registry.ollama.ai/library/all-minilm` as
    the same model. Cache keys and metric labels hold this spelling, so that one model has one of each.
    """
    return name.lower().removeprefix(_REGISTRY).removeprefix(_LIBRARY).removesuffix(_TAG)


def is_loopback(host: str) -> bool:
    """Whether a host can be reached from this machine alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
