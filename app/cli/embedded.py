"""The servers that a command reaches by itself: those of the settings, else those that `localchat up` runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.cli.shared import CommandFailed
from app.db.database import Database
from app.embedded.services.postgres import EmbeddedPostgres
from app.embedded.services.valkey import EmbeddedValkey
from app.embedded.supervisor.data_dir import API_KEY_PEPPER, MODEL_SERVER_URL, read_secret
from app.embedded.supervisor.probes import OLLAMA_PORT, ollama_listens
from app.errors import StoreUnavailable
from app.settings import Settings

# An address that nothing answers.
_NOWHERE = "http://127.0.0.1:9"


def with_embedded(settings: Settings) -> Settings:
    """Fill in the addresses of the embedded servers where the settings name none. The servers may not run."""
    postgres = EmbeddedPostgres(settings.data_dir / "postgres").url()
    valkey = EmbeddedValkey(settings.data_dir / "valkey").url
    addresses = {
        "database_url": settings.database_url or postgres,
        "redis_url": settings.redis_url or valkey,
        "ollama_base_url": settings.ollama_base_url or (_model_server(settings),),
        "rerank_base_url": settings.rerank_base_url or _embedded_model_server(settings) or _NOWHERE,
    }
    return settings.model_copy(update=addresses)


def _model_server(settings: Settings) -> str:
    """An Ollama at its usual address, else the embedded model server."""
    embedded = None if ollama_listens() and not settings.chat_model_file else _embedded_model_server(settings)
    return embedded or f"http://127.0.0.1:{OLLAMA_PORT}"


def _embedded_model_server(settings: Settings) -> str | None:
    """The address that the embedded model server had when it was started last."""
    return read_secret(settings.data_dir, MODEL_SERVER_URL)


def key_pepper(settings: Settings) -> tuple[str, ...]:
    """The pepper of API keys: that of the settings, else the one that `localchat up` draws for its own database."""
    drawn = None if settings.database_url else read_secret(settings.data_dir, API_KEY_PEPPER)
    return settings.api_key_pepper or ((drawn,) if drawn else ())


@asynccontextmanager
async def own_database(settings: Settings) -> AsyncIterator[Database]:
    """Open the database of DATABASE_URL, else that of `localchat up`, which has to run.

    Raises:
        CommandFailed: it does not answer.
    """
    url = with_embedded(settings).session_url
    assert url is not None
    try:
        # No connection is kept open: the pool would report each that it cannot open again, beside the line below.
        database = await Database.connect(url, min_size=0, max_size=4)
        try:
            yield database
        finally:
            await database.close()
    except StoreUnavailable as error:
        where = "DATABASE_URL" if settings.database_url else "`localchat up` starts the embedded one"
        raise CommandFailed(f"{error.detail} ({where})") from None
