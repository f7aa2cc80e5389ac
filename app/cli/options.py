"""Options that several commands share."""

from typing import Annotated

import typer

DEFAULT_URL = "http://127.0.0.1:8000"

Url = Annotated[str, typer.Option(help="Where LocalChat listens.", envvar="LOCALCHAT_URL")]
ApiKey = Annotated[str | None, typer.Option(help="Needed when AUTH_MODE is api_key.", envvar="LOCALCHAT_API_KEY")]
Collection = Annotated[str, typer.Option("--collection", "-c", help="The collection of documents.")]
Origin = Annotated[
    str | None,
    typer.Option(
        help="This machine's name in what documents remember of their file; set it where that changes.",
        envvar="LOCALCHAT_ORIGIN",
        show_default="the host name",
    ),
]
