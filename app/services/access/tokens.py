"""Bearer tokens of an OpenID provider: their signature, their claims, and the caller that they make (RFC 9068)."""

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwt import JWTClaimsRegistry

from app.domain.access.caller import DEFAULT_TENANT, AccessScope, Caller, with_included
from app.services.access.provider_keys import Fetch, ProviderKeys

_REMEMBERED = 10_000
_LONGEST_TOKEN = 16 * 1024
# What stands for a key or a user among readers and writers, and is no group.
_NO_GROUP = ("key:", "user:")


@dataclass(frozen=True, slots=True)
class TokenRules:
    """Which tokens are taken, and what their claims mean.

    Attributes:
        issuer: the only one.
        audiences: a token is for one of these.
        algorithms: the only ones, all of them with a public key.
        leeway: seconds by which clocks may differ.
        tenant_claim: names the tenant, a dot between nested names; empty: all are of the default tenant.
        scopes_claim, groups_claim: a list, or names with spaces between them.
        scopes: ours, by the values of `scopes_claim`.
        default_scopes: of every token.
    """

    issuer: str
    audiences: Sequence[str]
    algorithms: Sequence[str]
    leeway: int = 60
    tenant_claim: str = ""
    scopes_claim: str = "scope"
    groups_claim: str = "groups"
    scopes: Mapping[str, AccessScope] = field(
        default_factory=lambda: {f"localchat:{scope}": scope for scope in AccessScope}
    )
    default_scopes: frozenset[AccessScope] = frozenset()

    def caller(self, claims: Mapping[str, Any]) -> Caller | None:
        """Return the caller of a token's claims; None if they name no tenant where one is needed."""
        tenant = _claim(claims, self.tenant_claim) if self.tenant_claim else DEFAULT_TENANT
        if not isinstance(tenant, str) or not tenant.strip():
            return None
        named = {self.scopes[value] for value in _values(_claim(claims, self.scopes_claim)) if value in self.scopes}
        groups = {value for value in _values(_claim(claims, self.groups_claim)) if not value.startswith(_NO_GROUP)}
        return Caller(
            tenant=tenant,
            name=claims["sub"],
            scopes=with_included(named | self.default_scopes),
            groups=frozenset({*groups, f"user:{claims['sub']}"}),
            valid_until=float(claims["exp"]) + self.leeway,
        )


class TokenVerifier:
    """Verifies tokens, and remembers them until they expire or the provider's keys change.

    A token with no algorithm, or with one that is not allowed, is refused before any key is looked at: `none`, and
    a public key taken for the secret of an HMAC, are no way in (RFC 8725 §3.1).
    """

    def __init__(
        self,
        fetch: Fetch,
        rules: TokenRules,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rules = rules
        self._now = now
        self._remembered: OrderedDict[bytes, Caller] = OrderedDict()
        self._keys = ProviderKeys(fetch, rules.issuer, on_change=self._remembered.clear, clock=clock)

    def known(self, token: str) -> Caller | None:
        """Return the caller of a token that was verified before. None proves nothing."""
        caller = self._remembered.get(_name(token)) if self._keys.current else None
        return caller if caller is not None and self._now() < caller.valid_until else None

    async def verify(self, token: str) -> Caller | None:
        """Return the caller of a token; None if it is not to be trusted.

        Raises:
            ProviderUnavailable: the provider's keys cannot be had.
        """
        if len(token) > _LONGEST_TOKEN:
            return None
        known = self.known(token)
        if known is not None:
            return known
        try:
            header = jws.extract_compact(token.encode()).headers()
            if header.get("alg") not in self._rules.algorithms:
                return None
            keys = await self._keys.get(header.get("kid"))
            claims = jwt.decode(token, keys, algorithms=list(self._rules.algorithms)).claims
            self._registry().validate(claims)
        except (JoseError, ValueError, TypeError):
            return None
        caller = self._rules.caller(claims)
        if caller is not None:
            self._remember(token, caller)
        return caller

    def _registry(self) -> JWTClaimsRegistry:
        rules = self._rules
        return JWTClaimsRegistry(
            now=int(self._now()),
            leeway=rules.leeway,
            iss={"essential": True, "value": rules.issuer},
            aud={"essential": True, "values": list(rules.audiences)},
            sub={"essential": True},
            exp={"essential": True},
        )

    def _remember(self, token: str, caller: Caller) -> None:
        self._remembered[_name(token)] = caller
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """A claim by its name, or by a path of names with dots between them."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _values(claim: Any) -> list[str]:
    if isinstance(claim, str):
        return claim.split()
    return [value for value in claim if isinstance(value, str)] if isinstance(claim, list) else []


def _name(token: str) -> bytes:
    """The name of a token in memory, so that none is kept there."""
    return sha256(token.encode("utf-8", "surrogateescape")).digest()
