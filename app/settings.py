"""Every setting, read once from the environment and `.env`. Durations are seconds, sizes bytes."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.domain.access.caller import AccessScope
from app.domain.access.quotas import parse_quotas
from app.domain.addresses import postgres_url, redis_url
from app.domain.names import canonical_model, is_loopback

MIB = 1024 * 1024
# Secrets that stood in examples.
_PUBLISHED = frozenset({"sixteen characters or more"})
_SHORTEST_SECRET = 16
DAY = 86_400.0
# A `rerank_model` that stands for none.
NO_RERANKER = "none"

Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
ModelName = Annotated[str, AfterValidator(canonical_model)]
# Those with a public key: a secret that a service shares can sign as well as verify.
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519"]


def _listed(value: Any) -> Any:
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


def _pairs(value: Any) -> Any:
    """`value=scope` pairs, separated by commas."""
    return tuple(tuple(pair.rsplit("=", 1)) for pair in _listed(value)) if isinstance(value, str) else value


def _prefix(value: str) -> str:
    value = value.rstrip("/")
    if value and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", value):
        raise ValueError("a path such as /chat")
    return value


def _origin(value: str) -> str:
    if value != "*" and not re.fullmatch(r"https?://[^/\s]+", value):
        raise ValueError("each is * or an origin such as https://app.example.com, without a path")
    return value.lower()


def _host_name(value: str) -> str:
    if value != "*" and not re.fullmatch(r"\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", value):
        raise ValueError("each is *, a name such as chat.example.com, or .example.com for all below it; no port")
    return value.lower()


def _http_address(value: str) -> str:
    if not re.fullmatch(r"https?://[^/\s]+(/\S*)?", value):
        raise ValueError("an address such as http://127.0.0.1:4318")
    return value


def _network(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError:
        raise ValueError("each is an address such as 10.0.0.7 or a network such as 10.0.0.0/8") from None


PostgresUrl = Annotated[str, AfterValidator(postgres_url)]
RedisUrl = Annotated[str, AfterValidator(redis_url)]
HttpUrl = Annotated[str, AfterValidator(_http_address)]
Origin = Annotated[str, AfterValidator(_origin)]
Network = Annotated[str, AfterValidator(_network)]
HostName = Annotated[str, AfterValidator(_host_name)]


class SettingsError(Exception):
    """A setting that cannot be used. The message is one line that names it."""


class Settings(BaseSettings):
    """Names in capitals are the environment's; `.env.example` documents each."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True, env_ignore_empty=True
    )

    database_url: PostgresUrl | None = None
    database_listen_url: PostgresUrl | None = None
    redis_url: RedisUrl | None = None
    ollama_base_url: Annotated[tuple[str, ...], NoDecode] = ()
    embedding_model: ModelName = "all-minilm"
    chat_model: ModelName = "auto"
    chat_model_file: Path | None = None
    chat_max_context: Annotated[int, Field(ge=512)] = 8192
    answer_mode: Literal["auto", "generate", "quote"] = "auto"
    rerank_base_url: str | None = None
    rerank_model: ModelName = "ms-marco-minilm-l-12-v2"
    rerank_timeout: Seconds = 3.0
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8000
    keep_alive: Count = 75
    data_dir: Path = Path("~/.local/share/localchat")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "console"] = "json"
    log_questions: bool = False
    otel_exporter_otlp_endpoint: HttpUrl | None = None
    otel_traces_sampler_arg: Annotated[float, Field(ge=0, le=1)] = 1.0

    batch_size: Annotated[int, Field(ge=1, le=64)] = 64
    batch_max_workers: Count = 8
    batch_max_chars: Count = 64_000

    ocr_enabled: bool = True
    ocr_languages: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ("eng",)
    ocr_data_dir: Path | None = None
    ocr_seconds_per_page: Seconds = 60.0
    ocr_max_pages: Count = 1000

    l1_cache_enabled: bool = True
    l1_cache_max_entries: Count = 5000
    l1_cache_max_bytes: Count = 256 * MIB
    l1_cache_ttl: Seconds = 7 * DAY
    l2_cache_enabled: bool = True
    l2_cache_ttl: Seconds = DAY
    l3_cache_enabled: bool = True
    l3_cache_ttl: Seconds = DAY
    l3_cache_table: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]{0,47}$")] = "query_cache"
    l3_cache_max_entries: Count = 100_000
    l3_cache_max_bytes: Count = 1024 * MIB
    cache_signing_keys: Annotated[tuple[tuple[str, str], ...], NoDecode] = ()
    cache_warm_on_startup: bool = False
    cache_warm_max_load: Annotated[float, Field(gt=0, le=1)] = 0.5
    semantic_cache_mode: Literal["off", "shadow", "serve"] = "shadow"
    semantic_cache_error_budget: Annotated[float, Field(gt=0, lt=1)] = 0.01

    enable_perf_metrics: bool = True
    worker_metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    worker_metrics_url: HttpUrl | None = None
    slow_query_threshold: Seconds = 1.0
    cors_allowed_origins: Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_listed)] = ()
    trusted_hosts: Annotated[tuple[HostName, ...], NoDecode, BeforeValidator(_listed)] = ()
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_listed)] = ()
    root_path: Annotated[str, AfterValidator(_prefix)] = ""
    auth_mode: Literal["none", "api_key", "jwt", "api_key,jwt"] = "none"
    api_key_pepper: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ()
    oidc_issuer: HttpUrl | None = None
    oidc_audience: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ()
    oidc_algorithms: Annotated[tuple[Algorithm, ...], NoDecode, BeforeValidator(_listed)] = ("RS256", "ES256")
    oidc_leeway: Annotated[int, Field(ge=0, le=600)] = 60
    oidc_tenant_claim: str = ""
    oidc_scopes_claim: str = "scope"
    oidc_groups_claim: str = "groups"
    oidc_scopes: Annotated[tuple[tuple[str, AccessScope], ...], NoDecode, BeforeValidator(_pairs)] = ()
    oidc_default_scopes: Annotated[tuple[AccessScope, ...], NoDecode, BeforeValidator(_listed)] = ()
    key_limits: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ()
    tenant_limits: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)] = ()
    allow_unauthenticated: bool = False
    max_upload_bytes: Count = 100 * MIB
    max_uploading_bytes: Count = 1024 * MIB

    @field_validator("ollama_base_url", mode="before")
    @classmethod
    def _split_urls(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = tuple(url.strip().rstrip("/") for url in value.split(",") if url.strip())
        for url in value:
            _check_address(str(url))
        return value

    @field_validator("chat_model_file")
    @classmethod
    def _is_a_model(cls, value: Path | None) -> Path | None:
        if value is None:
            return None
        path = value.expanduser().absolute()
        try:
            with path.open("rb") as file:
                if file.read(4) != b"GGUF":
                    raise ValueError(f"{path} is no model in GGUF")
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}") from None
        return path

    @field_validator("rerank_base_url")
    @classmethod
    def _one_url(cls, value: str | None) -> str | None:
        if value is not None:
            _check_address(value)
        return value

    @field_validator("cache_signing_keys", mode="before")
    @classmethod
    def _split_keys(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        pairs = []
        for item in filter(None, (part.strip() for part in value.split(","))):
            key_id, colon, secret = item.partition(":")
            if not colon or not key_id or len(secret) < _SHORTEST_SECRET:
                raise ValueError("each key is id:secret, with a secret of at least 16 characters")
            if secret in _PUBLISHED:
                raise ValueError(
                    "this secret is an example that everybody can read; draw one with `openssl rand -hex 32`"
                )
            pairs.append((key_id, secret))
        return tuple(pairs)

    @field_validator("key_limits", "tenant_limits")
    @classmethod
    def _quotas(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        parse_quotas(value)
        return value

    @field_validator("api_key_pepper")
    @classmethod
    def _long_enough(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(len(secret) >= _SHORTEST_SECRET for secret in value):
            raise ValueError("each secret has at least 16 characters; draw one with `openssl rand -hex 32`")
        return value

    @field_validator("ocr_languages")
    @classmethod
    def _some_language(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or not all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", language) for language in value):
            raise ValueError("Tesseract's names, separated by commas: eng,deu")
        return value

    @field_validator("data_dir")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        try:
            return value.expanduser().absolute()
        except RuntimeError:
            raise ValueError("this user has no home folder; name a folder") from None

    @model_validator(mode="after")
    def _refuse_open_service(self) -> Self:
        if self.auth_mode == "none" and not self.allow_unauthenticated and not is_loopback(self.host):
            raise ValueError(
                f"HOST={self.host} is reachable by others while AUTH_MODE=none; "
                "set AUTH_MODE to api_key or jwt, or ALLOW_UNAUTHENTICATED=true"
            )
        return self

    @model_validator(mode="after")
    def _know_the_provider(self) -> Self:
        if "jwt" in self.auth_mode and not (self.oidc_issuer and self.oidc_audience):
            raise ValueError(f"AUTH_MODE={self.auth_mode} needs OIDC_ISSUER and OIDC_AUDIENCE")
        return self

    @property
    def session_url(self) -> str | None:
        """For connections that need a session of their own: LISTEN, the queue, migrations and maintenance."""
        return self.database_listen_url or self.database_url

    @property
    def pooled(self) -> bool:
        """Whether DATABASE_URL leads through a pooler that may be in transaction mode."""
        return self.database_listen_url not in (None, self.database_url)

    @property
    def answered_hosts(self) -> tuple[str, ...] | None:
        """The names that the service goes by besides addresses and localhost; None for any name."""
        return self.trusted_hosts if self.trusted_hosts or is_loopback(self.host) else None


def _check_address(url: str) -> None:
    if not url.startswith(("http://", "https://", "http+unix://")):
        # Not repeated: an address can hold a password.
        raise ValueError("an address begins with http://, https:// or http+unix://")


def load_settings(**overrides: Any) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: one line naming the first setting that is wrong, and why.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else ""
        message = first["msg"].removeprefix("Value error, ")
        raise SettingsError(f"{name}: {message}" if name else message) from None
