"""Who may read and write a collection."""

from typing import Annotated

from pydantic import Field, StringConstraints

from app.api.schemas.common import RequestModel, Text

_MOST_NAMED = 500

Named = Annotated[
    list[Annotated[Text, StringConstraints(min_length=1, max_length=200, pattern=r"\S")]],
    Field(max_length=_MOST_NAMED, examples=[["team-a", "key:wiki-bot"]]),
]


class CollectionAccessChange(RequestModel):
    """In place of what stood. A group is named as it is, a key is `key:LABEL`, a user of a token `user:SUBJECT`."""

    readers: Named | None = Field(description="Null for everybody of the tenant")
    writers: Named | None = Field(description="They read as well; null for all who may read")
