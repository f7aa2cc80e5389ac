"""API keys: made, listed, changed, rotated and revoked, by admins."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.api.dependencies import Asking, Provided
from app.api.fast_path.direct_route import BodyRoute
from app.api.openapi import problems
from app.api.schemas.access.keys import KeyChange, KeyCreation, KeyRotation, KeyView, NewKeyView, Tenant
from app.api.schemas.common import Cursor, Limit, PageView
from app.domain.access.caller import AccessScope
from app.domain.access.keys import ApiKey, KeyGrant
from app.errors import InvalidInput
from app.services.access.keys import NewKey

router = APIRouter(
    prefix="/api/keys",
    tags=["keys"],
    route_class=BodyRoute,
    responses=problems(401, 403, 422, 503),
)
_BODY = problems(400, 413, 415)
# What a key must have, and as what it is kept.
_FIELDS: Mapping[str, Callable[[Any], Any]] = {
    "label": str,
    "scopes": frozenset,
    "collections": tuple,
    "groups": tuple,
}


@router.post(
    "",
    operation_id="createKey",
    status_code=201,
    responses={201: {"headers": {"Location": {"schema": {"type": "string"}}}}, **_BODY},
)
async def create_key(response: Response, services: Provided, caller: Asking, body: KeyCreation) -> NewKeyView:
    """Make a key. The response holds its secret, which cannot be read again."""
    grant = KeyGrant(
        label=body.label,
        scopes=frozenset(body.scopes),
        collections=tuple(body.collections),
        groups=tuple(body.groups),
        expires_at=body.expires_at,
    )
    made = await services.keys.create(body.tenant or caller.tenant, grant, maker=caller)
    response.headers["Location"] = f"/api/keys/{made.key.id}"
    return _shown_once(made)


@router.get("", operation_id="listKeys")
async def list_keys(
    services: Provided,
    caller: Asking,
    tenant: Annotated[Tenant | None, Query(description="Another tenant's, for operators; * for all")] = None,
    limit: Limit = 50,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> PageView[KeyView]:
    """Keys in the order of their making, revoked ones included."""
    wanted = tenant if tenant and caller.may(AccessScope.OPERATOR) else caller.tenant
    page = await services.keys.list(None if wanted == "*" else wanted, limit=limit, cursor=cursor)
    return PageView[KeyView](items=[_view(key) for key in page.items], next_cursor=page.next_cursor)


@router.patch("/{key_id}", operation_id="changeKey", responses={**_BODY, **problems(404)})
async def change_key(services: Provided, caller: Asking, key_id: UUID, body: KeyChange) -> KeyView:
    """Change a key. Every replica follows within a second."""
    changes = body.model_dump(exclude_unset=True)
    for name, kind in _FIELDS.items():
        if name in changes:
            if changes[name] is None:
                raise InvalidInput(f"{name}: must not be null.")
            changes[name] = kind(changes[name])
    return _view(await services.keys.change(key_id, changes, maker=caller))


@router.post("/{key_id}/rotate", operation_id="rotateKey", responses={**_BODY, **problems(404)})
async def rotate_key(services: Provided, caller: Asking, key_id: UUID, body: KeyRotation) -> NewKeyView:
    """Give a key a new secret. The one before is valid for `grace_seconds` more, so that clients can follow."""
    grace = timedelta(seconds=body.grace_seconds)
    return _shown_once(await services.keys.rotate(key_id, grace=grace, maker=caller))


@router.delete(
    "/{key_id}",
    operation_id="revokeKey",
    status_code=204,
    responses={204: {"description": "Refused from now on, by every replica within a second"}, **problems(404)},
)
async def revoke_key(services: Provided, caller: Asking, key_id: UUID) -> None:
    """Revoke a key, with all its secrets. It stays in the list."""
    await services.keys.revoke(key_id, maker=caller)


def _view(key: ApiKey) -> KeyView:
    return KeyView.model_validate(key, from_attributes=True)


def _shown_once(made: NewKey) -> NewKeyView:
    return NewKeyView(**_view(made.key).model_dump(), secret=made.secret)
