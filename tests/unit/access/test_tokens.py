"""Tokens of a provider that the test runs: good ones, and those that were forged, kept or got elsewhere."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from app.domain.access.caller import AccessScope, Caller
from app.errors import ProviderUnavailable
from app.services.access.tokens import TokenRules, TokenVerifier
from tests.support.cache.assembly import Clock

ISSUER = "https://id.example.com/realms/acme"
NOW = 1_800_000_000
RULES = TokenRules(
    ISSUER,
    ("localchat",),
    ("RS256", "ES256"),
    tenant_claim="org.id",
    scopes={"reader": AccessScope.READ, "boss": AccessScope.ADMIN},
)
CLAIMS = {
    "iss": ISSUER,
    "aud": "localchat",
    "sub": "ann",
    "exp": NOW + 300,
    "iat": NOW,
    "scope": "openid reader",
    "groups": ["staff", "key:boss", "user:bob"],
    "org": {"id": "acme"},
}
ANN = Caller(
    "acme",
    "ann",
    frozenset({AccessScope.READ}),
    groups=frozenset({"staff", "user:ann"}),
    valid_until=NOW + 300 + RULES.leeway,
)


class Provider:
    """An OpenID provider. Its keys can be exchanged, and it can be away."""

    def __init__(self) -> None:
        self.keys: list[RSAKey | ECKey] = [RSAKey.generate_key(2048, {"kid": "1", "use": "sig"})]
        self.issuer = ISSUER
        self.away = False
        self.asked: list[str] = []

    async def fetch(self, url: str) -> Any:
        self.asked.append(url.removeprefix(ISSUER))
        if self.away:
            raise ProviderUnavailable("away")
        if url.endswith("/.well-known/openid-configuration"):
            return {"issuer": self.issuer, "jwks_uri": f"{ISSUER}/certs"}
        return KeySet(list(self.keys)).as_dict(private=False)

    def token(self, key: int = -1, alg: str = "RS256", **claims: Any) -> str:
        signing = self.keys[key]
        made = {name: value for name, value in {**CLAIMS, **claims}.items() if value is not None}
        return jwt.encode({"alg": alg, "kid": signing.kid}, made, signing, algorithms=[alg])


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def tokens(provider: Provider, clock: Clock) -> TokenVerifier:
    return TokenVerifier(provider.fetch, RULES, now=clock, clock=clock)


def raw(header: dict[str, Any], claims: dict[str, Any], secret: bytes | None = None) -> str:
    """A token put together by hand, as an attacker does."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    signed = ".".join(parts)
    mac = hmac.digest(secret, signed.encode(), hashlib.sha256) if secret else b""
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


async def test_a_token_makes_a_caller_of_its_claims(provider: Provider, tokens: TokenVerifier) -> None:
    token = provider.token()
    assert tokens.known(token) is None
    assert [await tokens.verify(token) for _ in range(3)] == [ANN] * 3
    assert tokens.known(token) == ANN
    assert provider.asked == ["/.well-known/openid-configuration", "/certs"]


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": NOW - RULES.leeway - 1},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": NOW + RULES.leeway + 1},
        {"iss": "https://id.example.com/realms/other"},
        {"iss": None},
        {"aud": "another-service"},
        {"aud": ["another-service"]},
        {"aud": None},
        {"sub": None},
        {"org": {}},
        {"org": {"id": " "}},
    ],
)
async def test_a_token_for_another_time_place_or_tenant_is_refused(
    provider: Provider, tokens: TokenVerifier, claims: dict[str, Any]
) -> None:
    assert await tokens.verify(provider.token(**claims)) is None


@pytest.mark.parametrize(
    "claims",
    [{"exp": NOW - RULES.leeway + 1}, {"nbf": NOW + RULES.leeway}, {"aud": ["x", "localchat"]}],
)
async def test_clocks_may_differ_a_little(
    provider: Provider, tokens: TokenVerifier, claims: dict[str, Any]
) -> None:
    caller = await tokens.verify(provider.token(**claims))
    assert caller is not None
    assert caller.name == "ann"


async def test_a_token_without_a_sound_signature_is_refused(provider: Provider, tokens: TokenVerifier) -> None:
    stranger = Provider()
    public = provider.keys[0].as_pem(private=False)
    forged = [
        raw({"alg": "none"}, CLAIMS),
        raw({"alg": "None", "kid": "1"}, CLAIMS),
        raw({"alg": "HS256", "kid": "1"}, CLAIMS, public),
        raw({"alg": "HS256", "kid": "1"}, CLAIMS, public.strip()),
        raw({"alg": "RS256", "kid": "1"}, CLAIMS, public),
        raw({"kid": "1"}, CLAIMS, public),
        stranger.token(),
        provider.token(alg="RS512"),
        provider.token()[:-4] + "AAAA",
        provider.token().replace(".", ".e30", 1),
        "a.b.c",
        "",
        "x" * 20_000,
    ]
    for token in forged:
        assert await tokens.verify(token) is None, token[:60]


async def test_a_new_key_is_fetched_when_a_token_names_it(
    provider: Provider, tokens: TokenVerifier, clock: Clock
) -> None:
    old = provider.token()
    assert await tokens.verify(old) == ANN
    provider.keys.append(ECKey.generate_key("P-256", {"kid": "2", "use": "sig"}))
    assert await tokens.verify(provider.token(alg="ES256")) is None, "the keys were read a moment ago"
    clock.now += 10
    assert await tokens.verify(provider.token(alg="ES256")) == ANN
    assert await tokens.verify(old) == ANN
    asked = len(provider.asked)
    for _ in range(5):
        assert await tokens.verify(Provider().token()[:-4] + "AAAA") is None
    assert len(provider.asked) == asked


async def test_a_key_that_was_withdrawn_opens_nothing_after_an_hour(
    provider: Provider, tokens: TokenVerifier, clock: Clock
) -> None:
    token = provider.token(exp=NOW + 100_000)
    await tokens.verify(token)
    provider.keys = [RSAKey.generate_key(2048, {"kid": "2"})]
    clock.now += 3600
    assert tokens.known(token) is None
    assert await tokens.verify(token) is None


async def test_the_keys_outlive_their_provider_for_a_day(
    provider: Provider, tokens: TokenVerifier, clock: Clock
) -> None:
    provider.away = True
    with pytest.raises(ProviderUnavailable):
        await tokens.verify(provider.token())
    provider.away = False
    clock.now += 10
    long = provider.token(exp=NOW + 200_000)
    assert await tokens.verify(long) is not None
    provider.away = True
    clock.now += 4000
    assert await tokens.verify(long) is not None
    clock.now += 86_400
    with pytest.raises(ProviderUnavailable):
        await tokens.verify(long)


async def test_a_remembered_token_expires(provider: Provider, tokens: TokenVerifier, clock: Clock) -> None:
    token = provider.token()
    await tokens.verify(token)
    clock.now += 300 + RULES.leeway
    assert tokens.known(token) is None
    assert await tokens.verify(token) is None


async def test_a_document_of_another_issuer_is_not_believed(provider: Provider, tokens: TokenVerifier) -> None:
    provider.issuer = "https://evil.example.com"
    with pytest.raises(ProviderUnavailable):
        await tokens.verify(provider.token())


async def test_claims_are_lists_or_words_and_others_mean_nothing(provider: Provider, clock: Clock) -> None:
    rules = replace(RULES, scopes_claim="realm_access.roles", default_scopes=frozenset({AccessScope.WRITE}))
    tokens = TokenVerifier(provider.fetch, rules, now=clock, clock=clock)
    caller = await tokens.verify(provider.token(realm_access={"roles": ["boss", 7]}, groups=None))
    assert caller is not None
    assert caller.scopes == {AccessScope.READ, AccessScope.WRITE, AccessScope.ADMIN}
    assert caller.groups == {"user:ann"}
    caller = await tokens.verify(provider.token(realm_access=3, groups="a b"))
    assert caller is not None
    assert caller.scopes == {AccessScope.READ, AccessScope.WRITE}
    assert caller.groups == {"a", "b", "user:ann"}
    plain = TokenVerifier(
        provider.fetch, replace(RULES, tenant_claim="", scopes_claim="none"), now=clock, clock=clock
    )
    caller = await plain.verify(provider.token(org=None))
    assert caller is not None
    assert (caller.tenant, caller.scopes) == ("default", frozenset())
