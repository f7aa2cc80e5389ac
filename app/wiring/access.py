"""Builds who may do what: keys, the check of credentials, and the reach into collections."""

import logging
from dataclasses import dataclass, replace
from typing import Any

import httpx
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis.asyncio import Redis

from app.concurrency.background import run_for_lifetime
from app.domain.access.quotas import parse_quotas
from app.errors import ProviderUnavailable
from app.services.access.authentication import Authentication
from app.services.access.collections import CollectionAccess
from app.services.access.key_use import KeyUse
from app.services.access.keys import KeyService
from app.services.access.rate_limits import RateLimits
from app.services.access.tokens import TokenRules, TokenVerifier
from app.services.access.verified_keys import VerifiedKeys
from app.settings import Settings
from app.wiring.core import Core
from app.wiring.documents import Documents

_PROVIDER_SECONDS = 5.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Access:
    authentication: Authentication
    collections: CollectionAccess
    keys: KeyService
    limits: RateLimits


def open_access(core: Core, documents: Documents) -> Access:
    settings, database = core.settings, core.database
    keys = KeyService(database, settings.api_key_pepper)
    verified = None
    if "api_key" in settings.auth_mode:
        if not settings.api_key_pepper:
            _log.warning("API_KEY_PEPPER is not set: who can write to the database can make itself a key")
        use = KeyUse(keys)
        verified = VerifiedKeys(keys, core.cache.watch, use.note)
        core.cache.listen_to_keys(verified.forget)
        core.stack.push_async_callback(use.close)
        run_for_lifetime(core.stack, use.run())
    tokens = _tokens(settings) if "jwt" in settings.auth_mode else None
    return Access(
        Authentication(verified, tokens),
        CollectionAccess(database, documents.collection_cache, documents.documents),
        keys,
        _limits(core),
    )


def _limits(core: Core) -> RateLimits:
    shared = shared_limiter(core.cache.redis) if isinstance(core.cache.redis, Redis) else None
    quotas = [parse_quotas(limits) for limits in (core.settings.key_limits, core.settings.tenant_limits)]
    if any(quotas) and shared is None:
        _log.warning("Limits are counted by each replica for itself: there is no single Redis")
    return RateLimits(*quotas, memory=FixedWindowRateLimiter(MemoryStorage()), shared=shared)


def shared_limiter(redis: Redis) -> FixedWindowRateLimiter:
    """Count in Redis, over the connections of this client."""
    storage = RedisStorage(
        "redis://localhost:6379",  # not used, since there are connections
        implementation="redispy",
        wrap_exceptions=True,
        connection_pool=redis.connection_pool,  # type: ignore[arg-type] # passed on as it is
    )
    return FixedWindowRateLimiter(storage)


def _tokens(settings: Settings) -> TokenVerifier:
    assert settings.oidc_issuer is not None
    rules = TokenRules(
        issuer=settings.oidc_issuer,
        audiences=settings.oidc_audience,
        algorithms=settings.oidc_algorithms,
        leeway=settings.oidc_leeway,
        tenant_claim=settings.oidc_tenant_claim,
        scopes_claim=settings.oidc_scopes_claim,
        groups_claim=settings.oidc_groups_claim,
        default_scopes=frozenset(settings.oidc_default_scopes),
    )
    return TokenVerifier(
        _fetch, replace(rules, scopes=dict(settings.oidc_scopes)) if settings.oidc_scopes else rules
    )


async def _fetch(url: str) -> Any:
    """Read a JSON document of the provider."""
    async with httpx.AsyncClient(timeout=_PROVIDER_SECONDS) as http:
        try:
            return (await http.get(url)).raise_for_status().json()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise ProviderUnavailable("The provider of tokens does not answer; try again shortly.") from error
