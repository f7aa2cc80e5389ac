"""Which credential of a request counts."""

import pytest

from app.domain.access.caller import ANYBODY, Caller
from app.errors import Unauthorized
from app.services.access.authentication import Authentication, Credentials

ANN = Caller("acme", "ann")
BOT = Caller("acme", "bot")
TOKEN = "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"


class Known:
    """Knows one secret."""

    def __init__(self, secret: str, owner: Caller) -> None:
        self._owners = {secret: owner}

    def known(self, secret: str) -> Caller | None:
        return self._owners.get(secret)

    async def verify(self, secret: str) -> Caller | None:
        return self._owners.get(secret)


KEYS, TOKENS = Known("lc_key", BOT), Known(TOKEN, ANN)
OPEN, WITH_KEYS, WITH_TOKENS, BOTH = (
    Authentication(),
    Authentication(KEYS),
    Authentication(tokens=TOKENS),
    Authentication(KEYS, TOKENS),
)


@pytest.mark.parametrize(
    ("authentication", "credentials", "caller"),
    [
        (OPEN, Credentials(), ANYBODY),
        (OPEN, Credentials("lc_other", TOKEN), ANYBODY),
        (WITH_KEYS, Credentials("lc_key"), BOT),
        (WITH_KEYS, Credentials(None, "lc_key"), BOT),
        (WITH_KEYS, Credentials("lc_key", TOKEN), BOT),
        (WITH_KEYS, Credentials("lc_other", "lc_key"), None),
        (WITH_KEYS, Credentials(None, TOKEN), None),
        (WITH_KEYS, Credentials("", ""), None),
        (WITH_TOKENS, Credentials(None, TOKEN), ANN),
        (WITH_TOKENS, Credentials("lc_key", TOKEN), ANN),
        (WITH_TOKENS, Credentials("lc_key"), None),
        (WITH_TOKENS, Credentials(None, "lc_key"), None),
        (BOTH, Credentials(None, TOKEN), ANN),
        (BOTH, Credentials(None, "lc_key"), BOT),
        (BOTH, Credentials("lc_key", TOKEN), BOT),
        (BOTH, Credentials("lc_other", TOKEN), None),
        (BOTH, Credentials(), None),
    ],
)
async def test_a_key_counts_before_a_token_which_may_be_a_proxys(
    authentication: Authentication, credentials: Credentials, caller: Caller | None
) -> None:
    assert authentication.known(credentials) == caller
    if caller is not None:
        assert await authentication.caller_of(credentials) == caller
    else:
        with pytest.raises(Unauthorized):
            await authentication.caller_of(credentials)
