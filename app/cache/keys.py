"""Cache keys: SHA-256 over canonical JSON of everything that can change a result."""

import json
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from hashlib import sha256
from typing import Any

from app.cache.backend import CacheKey, EntryMetadata

KEY_FORMAT = 3

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True)
class Partition:
    """Everything that a result depends on besides its question. Two questions may only match within one partition.

    Attributes:
        tenant: the owner of the entry.
        collection: the collection's id, which its database never uses again; None if the result rests on no corpus.
        founded: when the collection was made, since another database has the same ids and versions.
        conversation: fingerprint of the earlier turns; empty for a question on its own.
        retrieval: parameters such as mode and top_k.
        filters: the caller's metadata filter.
        embedder_digest: the model server's digest, as `chat_model_digest`: new weights can come under an old name.
        reranker: the reranker's name; empty without one.
        prompt: version of the prompt template.
        sampling: temperature, seed, limits.
    """

    namespace: str
    tenant: str
    collection: int | None
    founded: str = ""
    conversation: str = ""
    retrieval: Mapping[str, Any] = field(default_factory=dict)
    filters: Mapping[str, Any] = field(default_factory=dict)
    embedder: str = ""
    embedder_digest: str = ""
    reranker: str = ""
    chat_model: str = ""
    chat_model_digest: str = ""
    prompt: str = ""
    sampling: Mapping[str, Any] = field(default_factory=dict)
    key_format: int = KEY_FORMAT

    @cached_property
    def digest(self) -> str:
        """64 hex characters."""
        return sha256(canonical_json({item.name: getattr(self, item.name) for item in fields(self)})).hexdigest()


@dataclass(frozen=True)
class KeySpec:
    """A question within a partition. `question` is normalised, and the pipeline must answer that form.

    `ttl`: seconds for which a result may be used; None leaves that to the tiers. `statistics`: the snapshot of
    corpus statistics that lexical scores must belong to; None: any. Neither is part of the key: hits are checked by
    them.
    """

    partition: Partition
    question: str
    ttl: float | None = None
    statistics: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "question", normalise(self.question))

    @cached_property
    def key(self) -> CacheKey:
        partition = self.partition
        # Every partition's digest has the same length, so that no two pairs join to the same text.
        joined = partition.digest + self.question
        return CacheKey(
            digest=sha256(joined.encode("utf-8", "surrogatepass")).hexdigest(),
            namespace=partition.namespace,
            tenant=partition.tenant,
            collection=partition.collection,
            partition=partition.digest,
        )

    def about(self, corpus_version: int | None, created: float | None = None) -> EntryMetadata:
        """Return the description of an entry that the last tier shows to operators. `created`: epoch seconds."""
        partition = self.partition
        return EntryMetadata(
            question=self.question,
            parameters={"retrieval": dict(partition.retrieval), "filters": dict(partition.filters)},
            metadata={
                "embedder": partition.embedder,
                "reranker": partition.reranker,
                "chat_model": partition.chat_model,
                "prompt": partition.prompt,
                "sampling": dict(partition.sampling),
                "conversation": partition.conversation,
            },
            corpus_version=corpus_version,
            created=created,
        )


def normalise(question: str) -> str:
    """Return the question in NFC, with each run of white space as one space, and none at the ends.

    Case stays: "US" is not "us", "Polish" not "polish", and a chat model may answer either differently.
    """
    return " ".join(unicodedata.normalize("NFC", question).split())


def canonical_json(value: Any) -> bytes:
    """Write plain data in one way: a mapping's order does not matter, a sequence's does.

    Values that differ are written differently, as long as the keys of mappings are strings.

    Raises:
        TypeError: `value` holds something that JSON cannot say.
    """
    return _ENCODER.encode(value).encode()
