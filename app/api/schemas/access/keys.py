"""API keys as admins see them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, StringConstraints

from app.api.schemas.common import RequestModel, Text, View, shown_as
from app.domain.access.caller import AccessScope

_DAY = 86_400
_LONGEST_GRACE = 30 * _DAY
_MOST_PATTERNS = 100

Label = Annotated[Text, StringConstraints(min_length=1, max_length=100, pattern=r"\S")]
Scopes = Annotated[list[AccessScope], Field(min_length=1, max_length=4)]
Patterns = Annotated[
    list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.*?-]{1,64}$")]],
    Field(
        min_length=1,
        max_length=_MOST_PATTERNS,
        description="The collections within reach, by name or by a pattern with * and ?",
    ),
]
Groups = Annotated[
    list[Annotated[Text, StringConstraints(min_length=1, max_length=100, pattern=r"^[^:]*\S[^:]*$")]],
    Field(max_length=_MOST_PATTERNS, description="By which collections name their readers and writers"),
]
Tenant = Annotated[Text, StringConstraints(min_length=1, max_length=100)]
Expiry = Annotated[AwareDatetime | None, Field(description="When the key ends; null for never")]


class KeyCreation(RequestModel):
    """What a key opens. It gives nothing that its maker does not have."""

    model_config = shown_as(
        {"label": "wiki-bot", "scopes": ["write"], "collections": ["team-a-*"], "groups": ["team-a"]}
    )

    label: Label = Field(description="Recognises the key, such as its owner")
    scopes: Scopes = Field(
        default_factory=lambda: [AccessScope.WRITE],
        description="`write` includes `read`, and `admin` both; `operator` is for the whole service and opens no "
        "document",
    )
    collections: Patterns = Field(default_factory=lambda: ["*"])
    groups: Groups = Field(default_factory=list)
    expires_at: Expiry = None
    tenant: Tenant | None = Field(default=None, description="Default: the maker's; another one takes `operator`")


class KeyChange(RequestModel):
    """Fields to change; the others stay."""

    label: Label | None = None
    scopes: Scopes | None = None
    collections: Patterns | None = None
    groups: Groups | None = None
    expires_at: Expiry = None


class KeyRotation(RequestModel):
    grace_seconds: int = Field(
        default=_DAY, ge=0, le=_LONGEST_GRACE, description="For how long the secret before is valid as well"
    )


class KeyView(View):
    """A key without its secret.

    `previous_until`: until then the secret before the newest is valid too. `last_used_at` lags by some seconds.
    """

    id: UUID
    tenant: str
    label: str
    scopes: list[AccessScope]
    collections: list[str]
    groups: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    previous_until: datetime | None


class NewKeyView(KeyView):
    """A key with its newest secret, which is shown this once."""

    secret: str = Field(examples=["lc_…"])
