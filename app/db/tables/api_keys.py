"""API keys, of whose secrets only hashes are stored."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.db.database import PooledConnection
from app.domain.access.caller import AccessScope
from app.domain.access.keys import ApiKey, KeyGrant

_COLUMNS = """
    id, tenant, label, scopes, collections, groups, created_at, expires_at, revoked_at, last_used_at,
    CASE WHEN previous_until > now() THEN previous_until END AS previous_until
"""


async def find_valid(
    connection: PooledConnection, hashes: Sequence[bytes]
) -> tuple[ApiKey, datetime | None] | None:
    """Find the key that has one of these hashes now, and until when that holds; None for ever."""
    row = await connection.fetchrow(
        f"""SELECT {_COLUMNS},
            least(expires_at, CASE WHEN key_hash <> ALL($1) THEN previous_until END) AS valid_until
        FROM api_keys
        WHERE (key_hash = ANY($1) OR previous_hash = ANY($1) AND previous_until > now())
            AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())""",
        hashes,
    )
    return None if row is None else (_key(row), row["valid_until"])


async def insert(connection: PooledConnection, tenant: str, grant: KeyGrant, key_hash: bytes) -> ApiKey:
    row = await connection.fetchrow(
        f"""INSERT INTO api_keys (tenant, key_hash, label, scopes, collections, groups, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING {_COLUMNS}""",
        tenant,
        key_hash,
        *_values(grant),
    )
    return _key(row)


async def page(connection: PooledConnection, tenant: str | None, *, after: UUID | None, limit: int) -> list[ApiKey]:
    """Keys of a tenant, or of all, in the order of their making: those after the id `after`."""
    rows = await connection.fetch(
        f"""SELECT {_COLUMNS} FROM api_keys
        WHERE ($1::text IS NULL OR tenant = $1) AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3""",
        tenant,
        after,
        limit,
    )
    return [_key(row) for row in rows]


async def lock(connection: PooledConnection, key_id: UUID) -> ApiKey | None:
    """Read a key and keep others from changing it until the transaction ends."""
    row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM api_keys WHERE id = $1 FOR UPDATE", key_id)
    return None if row is None else _key(row)


async def change(connection: PooledConnection, key_id: UUID, grant: KeyGrant) -> ApiKey:
    row = await connection.fetchrow(
        f"""UPDATE api_keys SET label = $2, scopes = $3, collections = $4, groups = $5, expires_at = $6
        WHERE id = $1 RETURNING {_COLUMNS}""",
        key_id,
        *_values(grant),
    )
    return _key(row)


async def rotate(connection: PooledConnection, key_id: UUID, key_hash: bytes, previous_until: datetime) -> ApiKey:
    """Give a key another secret. The one that it had stays valid until then; one from before that ends now."""
    row = await connection.fetchrow(
        f"""UPDATE api_keys SET previous_hash = key_hash, previous_until = $3, key_hash = $2
        WHERE id = $1 RETURNING {_COLUMNS}""",
        key_id,
        key_hash,
        previous_until,
    )
    return _key(row)


async def revoke(connection: PooledConnection, key_id: UUID) -> None:
    await connection.execute("UPDATE api_keys SET revoked_at = now() WHERE id = $1 AND revoked_at IS NULL", key_id)


async def used(connection: PooledConnection, at: Mapping[UUID, datetime]) -> None:
    """Note when keys were used last; an earlier time than the known one changes nothing."""
    await connection.execute(
        """UPDATE api_keys k SET last_used_at = greatest(k.last_used_at, u.at)
        FROM unnest($1::uuid[], $2::timestamptz[]) AS u (id, at) WHERE k.id = u.id""",
        list(at.keys()),
        list(at.values()),
    )


def _values(grant: KeyGrant) -> tuple[Any, ...]:
    return grant.label, sorted(grant.scopes), list(grant.collections), list(grant.groups), grant.expires_at


def _key(row: Any) -> ApiKey:
    fields = {name: value for name, value in dict(row).items() if name != "valid_until"}
    fields["scopes"] = frozenset(map(AccessScope, fields["scopes"]))
    for name in ("collections", "groups"):
        fields[name] = tuple(fields[name])
    return ApiKey(**fields)
