"""API keys without their secrets."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.domain.access.caller import EVERY_COLLECTION, AccessScope, Caller, with_included


@dataclass(frozen=True, slots=True)
class KeyGrant:
    """What a key opens.

    Attributes:
        label: recognises the key, such as its owner.
        scopes: as granted, without the included ones.
        collections: names and patterns of the collections within reach.
        groups: those that its owner belongs to: readers and writers of collections are named by them.
        expires_at: when it ends; None for never.
    """

    label: str
    scopes: frozenset[AccessScope]
    collections: tuple[str, ...] = EVERY_COLLECTION
    groups: tuple[str, ...] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret. `previous_until`: until then the secret before the newest one is valid too."""

    id: UUID
    tenant: str
    label: str
    scopes: frozenset[AccessScope]
    collections: tuple[str, ...]
    groups: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    previous_until: datetime | None = None

    def grant(self, **changed: Any) -> KeyGrant:
        """What the key opens, with some of it changed."""
        now = {
            "label": self.label,
            "scopes": self.scopes,
            "collections": self.collections,
            "groups": self.groups,
            "expires_at": self.expires_at,
        }
        return KeyGrant(**{**now, **changed})

    def caller(self, valid_until: float = math.inf) -> Caller:
        return Caller(
            tenant=self.tenant,
            name=self.label,
            scopes=with_included(self.scopes),
            collections=self.collections,
            groups=frozenset({*self.groups, f"key:{self.label}"}),
            key=self.id,
            valid_until=valid_until,
        )
