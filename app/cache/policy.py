"""How long the chain keeps entries, and how long a request may spend on it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChainPolicy:
    """Times in seconds.

    Attributes:
        l1_ttl: how long memory keeps an entry; the shared tiers have their own.
        jitter: each lifetime is cut by up to this share, so that entries made together do not expire together.
        budget: for looking into all shared tiers in one request.
        eager: an entry that has used this share of its life is computed anew while it is being served.
        patience: how long a request waits for the pipeline when it could be served an expired entry instead;
            None waits to the end. The computation finishes either way and fills the cache.
    """

    l1_ttl: float = 7 * 86_400.0
    jitter: float = 0.1
    budget: float = 0.06
    eager: float = 0.9
    patience: float | None = None
