"""The settings, and that `.env.example` tells the truth about them."""

import re
from pathlib import Path

import pytest
from pydantic_core import PydanticUndefined

from app.settings import Settings, SettingsError, load_settings
from tests.support.folders import REPO

EXAMPLE = REPO / ".env.example"
# Shown with an example value, because the default is to have none.
UNSET = {
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
