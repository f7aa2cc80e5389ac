"""What several commands share: their options, the settings, and the failure that ends one."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.settings import Settings

DEFAULT_URL = "http://127.0.0.1:8000"

Url = Annotated[str, typer.Option(help="Where LocalChat listens.", envvar="LOCALCHAT_URL")]
ApiKey = Annotated[str | None, typer.Option(help="Needed when AUTH_MODE is api_key.", envvar="LOCALCHAT_API_KEY")]
Collection = Annotated[str, typer.Option("--collection", "-c", help="The collection of documents.")]
Origin = Annotated[
    str | None,
    typer.Option(
        help="This machine's name in the sources of documents; set it where the host name changes.",
        envvar="LOCALCHAT_ORIGIN",
        show_default="the host name",
    ),
]


class CommandFailed(Exception):
    """A command cannot go on. The message is one line that says what to do."""


def settings_with(*required: str, **overrides: object) -> "Settings":
    """Read the settings.

    Raises:
        SettingsError: one of them is wrong, or a required one is not set.
    """
    from app.settings import SettingsError, load_settings

    settings = load_settings(**overrides)
    for name in required:
        if not getattr(settings, name):
            raise SettingsError(f"{name.upper()}: not set (`localchat up` starts what no setting names)")
    return settings
