"""The settings, and that `.env.example` tells the truth about them."""

import re
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticUndefined

from app.domain.addresses import RedisAddress, postgres_url, redis_address, redis_url
from app.settings import Settings, SettingsError, load_settings
from tests.support.folders import REPO

EXAMPLE = REPO / ".env.example"
# Shown with an example value, because the default is to have none.
UNSET = {
    "DATABASE_LISTEN_URL",
    "DATABASE_URL",
    "REDIS_URL",
    "OLLAMA_BASE_URL",
    "RERANK_BASE_URL",
    "CACHE_SIGNING_KEYS",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine, and no `.env` of the checkout, reaches these tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def _documented() -> dict[str, str]:
    return dict(re.findall(r"^#([A-Z0-9_]+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE))


def test_the_example_names_every_setting_and_no_other() -> None:
    assert set(_documented()) == {name.upper() for name in Settings.model_fields}


def test_every_value_in_the_example_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = load_settings()
    for name, value in _documented().items():
        if name not in UNSET:
            monkeypatch.setenv(name, value)
    assert load_settings() == defaults


def test_settings_without_a_value_in_the_example_have_no_default() -> None:
    for name in UNSET:
        default = Settings.model_fields[name.lower()].default
        assert default is not PydanticUndefined
        assert not default


def test_uncommenting_the_whole_example_is_valid(tmp_path: Path) -> None:
    text = re.sub(r"^#([A-Z0-9_]+=)", r"\1", EXAMPLE.read_text(), flags=re.MULTILINE)
    (tmp_path / ".env").write_text(text)
    settings = load_settings()
    assert settings.database_url == "postgresql://user:password@127.0.0.1:5432/localchat"
    assert settings.ollama_base_url == ("http://127.0.0.1:11434",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "70000"),
        ("BATCH_SIZE", "65"),
        ("LOG_LEVEL", "LOUD"),
        ("L1_CACHE_TTL", "0"),
        ("L3_CACHE_TABLE", "cache; DROP TABLE documents"),
        ("OLLAMA_BASE_URL", "127.0.0.1:11434"),
        ("CHAT_MODEL_FILE", "/nowhere/model.gguf"),
        ("CHAT_MODEL_FILE", __file__),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318"),
        ("CACHE_SIGNING_KEYS", "k1:sixteen characters or more"),
        ("CACHE_SIGNING_KEYS", "short:secret"),
        ("SEMANTIC_CACHE_MODE", "maybe"),
        ("SEMANTIC_CACHE_ERROR_BUDGET", "1.5"),
        ("AUTH_MODE", "password"),
        ("MAX_UPLOAD_BYTES", "-1"),
    ],
)
def test_a_bad_value_is_refused_in_one_line_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert str(refusal.value).startswith(f"{name}: ")
    assert "\n" not in str(refusal.value)


POSTGRES = ("DATABASE_URL", "DATABASE_LISTEN_URL")
SECRET = "topsecret"
IMPOSSIBLE = {
    POSTGRES: (
        f"mysql://user:{SECRET}@host/database",
        f"user:{SECRET}@host:5432/database",
        f"postgresql://user:{SECRET}#1@host/database",
        f"postgresql://user:{SECRET}/1@host/database",
        f"postgresql://user:{SECRET}?1@host/database",
        f"postgresql://user:{SECRET}@host:port/database",
        f"postgresql://user:{SECRET}@host:70000/database",
        f"postgresql://user:{SECRET}@::1/database",
        f"postgresql://user:{SECRET}@[::1/database",
    ),
    ("REDIS_URL",): (
        f"http://:{SECRET}@host:6379",
        "host:6379",
        f"redis://:{SECRET}#1@host:6379/0",
        f"redis://:{SECRET}/1@host:6379/0",
        f"redis://:{SECRET}@host:port",
        f"redis://:{SECRET}@host:6379/name",
        f"redis://:{SECRET}@one:6379,two:6379/0",
        f"redis+proxy://:{SECRET}@host:6379",
        f"unix+cluster://:{SECRET}@host:6379",
        f"redis+cluster://:{SECRET}@host:6379/1",
        f"redis+sentinel://:{SECRET}@host:26379",
        f"redis+sentinel://:{SECRET}@host:26379/primary/name",
    ),
}


@pytest.mark.parametrize("name", POSTGRES)
@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("postgres://user@host/database", "postgresql://user@host/database"),
        ("postgresql+asyncpg://user@host/database", "postgresql://user@host/database"),
        ("postgresql:///database", "postgresql:///database"),
        ("postgresql://user@[::1]:5432/database", "postgresql://user@[::1]:5432/database"),
        ("postgresql://u@one:1,two:2/d?target_session_attrs=read-write",) * 2,
        ("postgresql://u@/d?host=/tmp/a%20folder",) * 2,
        ("postgresql://u@h/d?sslmode=require&channel_binding=require", "postgresql://u@h/d?sslmode=require"),
        ("postgresql://u@h/d?connect_timeout=5&keepalives_idle=9", "postgresql://u@h/d"),
    ],
)
def test_the_spellings_of_a_databases_address_are_understood(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, read: str
) -> None:
    monkeypatch.setenv(name, value)
    assert getattr(load_settings(), name.lower()) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("valkey://host:6379/1", "redis://host:6379/1"),
        ("valkeys://:password@host", "rediss://:password@host"),
        ("unix:///run/valkey.sock?db=1",) * 2,
        ("redis+cluster://:password@one:7000,two:7001",) * 2,
        ("valkeys+sentinel://one,two:26380/primary/1", "rediss+sentinel://one,two:26380/primary/1"),
    ],
)
def test_the_spellings_of_redis_address_are_understood(
    monkeypatch: pytest.MonkeyPatch, value: str, read: str
) -> None:
    monkeypatch.setenv("REDIS_URL", value)
    assert load_settings().redis_url == read


@pytest.mark.parametrize(
    ("address", "read"),
    [
        ("redis://:p@host/3", RedisAddress("server", "redis://:p@host/3", (("host", 6379),))),
        ("unix:///run/valkey.sock", RedisAddress("server", "unix:///run/valkey.sock")),
        (
            "rediss+cluster://u:p@one:7000,[::1]:7001,two?ssl_cert_reqs=none",
            RedisAddress(
                "cluster",
                "rediss://u:p@one:7000/?ssl_cert_reqs=none",
                (("one", 7000), ("::1", 7001), ("two", 6379)),
            ),
        ),
        (
            "redis+sentinel://:p@one,two:26380/primary/1",
            RedisAddress("sentinel", "redis://:p@one/1", (("one", 26379), ("two", 26380)), "primary"),
        ),
    ],
)
def test_the_address_of_redis_tells_how_it_is_run(address: str, read: RedisAddress) -> None:
    assert redis_address(redis_url(address)) == read


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for names, values in IMPOSSIBLE.items() for name in names for value in values],
)
def test_an_address_that_cannot_be_one_is_refused_in_one_line_without_its_password(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    line = str(refusal.value)
    assert line.startswith(f"{name}: ")
    assert "\n" not in line
    assert SECRET not in line


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20))
def test_any_password_is_understood_once_it_is_escaped(password: str) -> None:
    address = f"postgresql://user:{quote(password, safe='')}@host:5432/database"
    assert postgres_url(address) == address
    assert redis_url(f"redis://:{quote(password, safe='')}@host:6379/0").endswith("@host:6379/0")


def test_a_user_without_a_home_is_asked_to_name_a_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", dict[int, str]().__getitem__)  # as for a user id without a name
    with pytest.raises(SettingsError) as refusal:
        load_settings()
    assert str(refusal.value) == "DATA_DIR: this user has no home folder; name a folder"
    assert load_settings(data_dir="/tmp/somewhere").data_dir == Path("/tmp/somewhere")


def test_a_pooler_is_known_by_an_address_past_it() -> None:
    direct, pooled = "postgresql://u@server/d", "postgresql://u@pooler/d"
    assert not load_settings(database_url=direct).pooled
    assert not load_settings(database_url=direct, database_listen_url=direct).pooled
    settings = load_settings(database_url=pooled, database_listen_url=direct)
    assert (settings.pooled, settings.session_url) == (True, direct)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "example.org"])
def test_a_service_open_to_others_needs_keys_or_an_explicit_word(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("HOST", host)
    with pytest.raises(SettingsError, match="AUTH_MODE"):
        load_settings()
    monkeypatch.setenv("AUTH_MODE", "api_key")
    assert load_settings().host == host
    monkeypatch.setenv("AUTH_MODE", "none")
    monkeypatch.setenv("ALLOW_UNAUTHENTICATED", "true")
    assert load_settings().host == host


def test_several_model_servers_make_a_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_BASE_URL", "http://a:1/, http://b:2")
    assert load_settings().ollama_base_url == ("http://a:1", "http://b:2")


def test_signing_keys_are_read_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CACHE_SIGNING_KEYS", "new:0123456789abcdef, old:fedcba9876543210")
    assert load_settings().cache_signing_keys == (("new", "0123456789abcdef"), ("old", "fedcba9876543210"))


def test_tokens_of_a_provider_need_its_name_and_an_audience() -> None:
    with pytest.raises(SettingsError, match="AUTH_MODE=jwt needs OIDC_ISSUER and OIDC_AUDIENCE"):
        load_settings(_env_file=None, auth_mode="jwt", oidc_issuer="https://id.example.com")
    for name, value in (
        ("oidc_algorithms", "RS256,HS256"),
        ("oidc_algorithms", "none"),
        ("oidc_scopes", "boss=all"),
    ):
        with pytest.raises(SettingsError, match=f"^{name.upper()}"):
            load_settings(_env_file=None, **{name: value})
    read = load_settings(_env_file=None, oidc_scopes="chat=users=write, boss=admin", api_key_pepper="x" * 16)
    assert read.oidc_scopes == (("chat=users", "write"), ("boss", "admin"))
    with pytest.raises(SettingsError, match="API_KEY_PEPPER: each secret has at least 16"):
        load_settings(_env_file=None, api_key_pepper="short")
