"""Idempotency keys: an upload that is sent again is answered as it was, and a key serves one upload alone."""

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.db.database import PooledConnection
from app.db.tables import documents, uploads
from app.domain.documents import OnConflict, Upload, UploadResult
from app.errors import InvalidInput


def fingerprint_of(
    files: Sequence[Upload], collection: str, metadata: dict[str, Any] | None, on_conflict: OnConflict
) -> str:
    """64 hex characters that are equal for equal uploads."""
    digest = hashlib.sha256(repr((collection, sorted((metadata or {}).items()), on_conflict)).encode())
    for file in files:
        digest.update(repr(file.filename).encode())
        digest.update(bytes.fromhex(file.sha256))
    return digest.hexdigest()


def reply_of(results: Sequence[UploadResult]) -> list[dict[str, Any]]:
    """What is kept of an upload's results."""
    return [
        {
            "id": str(item.document.id),
            "unchanged": item.unchanged,
            "same_name": [str(other) for other in item.same_name],
        }
        for item in results
    ]


async def repeated(
    connection: PooledConnection, tenant: str, before: uploads.IdempotentReply, fingerprint: str
) -> list[UploadResult]:
    """The results of the upload before, as far as its documents still exist.

    Raises:
        InvalidInput: the key was used for another upload.
    """
    if before.fingerprint != fingerprint:
        raise InvalidInput("Idempotency-Key: this key was used for another upload.")
    results = []
    for item in before.response:
        document = await documents.get(connection, tenant, UUID(item["id"]))
        if document is not None:
            same_name = tuple(map(UUID, item.get("same_name", ())))
            results.append(UploadResult(document, unchanged=item["unchanged"], same_name=same_name))
    return results
