"""How long the chain keeps entries, and how long a request may spend on it."""

from dataclasses import asdict, dataclass


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


@dataclass(frozen=True, slots=True)
class TimeLimits:
    """Seconds that a request may wait for a part of the cache.

    Attributes:
        connection: for a connection to Postgres: a cache never queues on the pool.
        version: for reading the version that a collection is at.
        check: for finding out whether changes since an entry's version could alter it.
        redis: for one command.
        postgres: for one statement.
        l2: for what Redis has; after that it counts as having nothing.
        l3: for what Postgres has. The pipeline would ask Postgres for more, so it is worth waiting for.
        hard: for a write to a shared tier.
        budget: for looking into all shared tiers.
        patience: for the pipeline, where an expired result can be served meanwhile.
    """

    connection: float = 0.1
    version: float = 0.25
    check: float = 0.1
    redis: float = 0.25
    postgres: float = 0.5
    l2: float = 0.025
    l3: float = 0.1
    hard: float = 0.25
    budget: float = 0.15
    patience: float = 2.0

    def stretched(self, factor: float) -> "TimeLimits":
        """The same for a machine that is so many times as slow."""
        return TimeLimits(**{name: seconds * factor for name, seconds in asdict(self).items()})
