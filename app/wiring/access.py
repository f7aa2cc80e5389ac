"""Builds who may do what: keys, the check of credentials, and the reach into collections."""

import logging
from dataclasses import dataclass

from app.concurrency.background import run_for_lifetime
from app.services.access.authentication import Authentication
from app.services.access.collections import CollectionAccess
from app.services.access.key_use import KeyUse
from app.services.access.keys import KeyService
from app.services.access.verified_keys import VerifiedKeys
from app.wiring.core import Core
from app.wiring.documents import Documents

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Access:
    authentication: Authentication
    collections: CollectionAccess
    keys: KeyService


def open_access(core: Core, documents: Documents) -> Access:
    settings, database = core.settings, core.database
    keys = KeyService(database, settings.api_key_pepper)
    verified = None
    if settings.auth_mode == "api_key":
        if not settings.api_key_pepper:
            _log.warning("API_KEY_PEPPER is not set: who can write to the database can make itself a key")
        use = KeyUse(keys)
        verified = VerifiedKeys(keys, core.cache.watch, use.note)
        core.cache.listen_to_keys(verified.forget)
        core.stack.push_async_callback(use.close)
        run_for_lifetime(core.stack, use.run())
    return Access(
        Authentication(verified), CollectionAccess(database, documents.collection_cache, documents.documents), keys
    )
