"""The command line: `localchat COMMAND`, one of those below.

Each command imports what it needs when it runs, so that `--help` answers at once.
"""

import asyncio
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from app.cli import cache, database, keys
from app.cli.shared import DEFAULT_URL, ApiKey, Collection, CommandFailed, Origin, Url, settings_with
from app.wiring import gc_tuning

app = typer.Typer(
    name="localchat",
    help="Cited answers from your own documents, on models that run on your own machines.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Settings come from the environment and from a .env file; .env.example explains each.",
)

_RUN = "Run the service"
_USE = "Use a running service"
_CARE = "Look after it"

app.add_typer(cache.app, name="cache", rich_help_panel=_USE)
app.add_typer(keys.app, name="keys", rich_help_panel=_CARE)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"localchat {version('localchat')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


@app.command(rich_help_panel=_RUN)
def up(
    host: Annotated[str | None, typer.Option(help="The address to listen on (HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on (PORT).")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where everything is kept (DATA_DIR).")] = None,
    stop_with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Start everything on this machine and serve.

    Starts PostgreSQL, Valkey and a model server, each unless DATABASE_URL, REDIS_URL or OLLAMA_BASE_URL names one,
    then the API and the worker.

    An Ollama that listens on 127.0.0.1:11434 is used. Logs are kept in DATA_DIR/logs.
    """
    from app.embedded.supervisor.supervisor import Supervisor

    given = {"host": host, "port": port, "data_dir": data_dir}
    settings = settings_with(**{name: value for name, value in given.items() if value is not None})
    Supervisor(settings, announce=_announce).run(stop_with_parent=stop_with_parent)


@app.command(rich_help_panel=_RUN)
def serve(
    drain: Annotated[
        float,
        typer.Option(help="Seconds after SIGTERM in which readiness fails and requests are still answered.", min=0),
    ] = 5,
    grace: Annotated[int, typer.Option(help="Seconds that open answers have to finish after that.", min=1)] = 60,
    held: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Serve the API alone. DATABASE_URL and OLLAMA_BASE_URL must be set.

    At SIGTERM readiness fails at once, so that load balancers choose another replica, while requests are still
    answered. Ctrl-C skips this wait.
    """
    gc_tuning.pause()
    from app.cli.serving import serve as run
    from app.embedded.supervisor.probes import require_free_port

    settings = settings_with("database_url", "ollama_base_url")
    if held and not sys.stdin.readline():
        raise typer.Exit(1)  # the supervisor is gone
    require_free_port(settings.host, settings.port)
    run(settings, drain=drain, grace=grace)


@app.command(rich_help_panel=_RUN)
def worker() -> None:
    """Run one ingestion worker alone. DATABASE_URL and OLLAMA_BASE_URL must be set."""
    gc_tuning.pause()
    import uvloop

    from app.worker import run_worker

    uvloop.run(run_worker(settings_with("database_url", "ollama_base_url")))


for command in (database.migrate, database.maintain, database.tune):
    app.command(rich_help_panel=_CARE)(command)


@app.command(rich_help_panel=_USE)
def ingest(
    paths: Annotated[
        list[Path], typer.Argument(help="Files, and folders with everything below them.", exists=True)
    ],
    collection: Collection = "default",
    watch: Annotated[
        bool,
        typer.Option("--watch", "-w", help="Keep watching: new, changed and deleted files follow, until Ctrl-C."),
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", "-n", help="Send nothing; list each file that would be sent or refused, and why."
        ),
    ] = False,
    origin: Origin = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Bring a collection up to date with files: new ones are uploaded, changed ones replace their document.

    Ends with the refused files and their reasons. The exit code is 0 when every file is in, 1 after an unexpected
    failure, and 3 when files were refused. Documents are deleted with --watch alone, and only those that came from
    these folders of this machine.
    """
    from app.cli.ingest.files import this_machine
    from app.cli.ingest.service import Target

    target = Target(url, api_key, collection, origin or this_machine())
    if dry_run:
        from app.cli.ingest.dry_run import show_plan

        code = asyncio.run(show_plan(paths, target, deletes=watch, settings=settings_with()))
    elif watch:
        from app.cli.ingest.watch import watch_folders

        code = asyncio.run(watch_folders(paths, target))
    else:
        from app.cli.ingest import ingest_paths

        code = asyncio.run(ingest_paths(paths, target))
    if code:
        raise typer.Exit(code)


@app.command(rich_help_panel=_USE)
def ask(
    question: Annotated[str, typer.Argument(help="What you want to know.")],
    collection: Collection = "default",
    cache: Annotated[str, typer.Option(help="use, bypass, refresh or only-if-cached.")] = "use",
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Ask a question and read the answer as it is written, then its sources."""
    from app.cli.ask import ask_question

    asyncio.run(ask_question(question, collection=collection, cache=cache, url=url, api_key=api_key))


@app.command(rich_help_panel=_USE)
def evaluate(
    file: Annotated[
        Path,
        typer.Argument(help='JSON lines: {"question": …, "documents": […], "answers": […], "answerable": true}.'),
    ],
    collection: Collection = "default",
    variant: Annotated[
        list[str] | None,
        typer.Option("--variant", help='Settings to compare with, as NAME={"top_k": 10}; may be repeated.'),
    ] = None,
    name: Annotated[str, typer.Option(help="What to call it; default: the file's name.")] = "",
    url: Url = DEFAULT_URL,
    api_key: ApiKey = None,
) -> None:
    """Ask your own questions, and see how often the expected documents and answers come.

    Each share has its interval at 95 %, and beside it how far the variant is above what the collection has.
    The exit code is 1 if the evaluation was cut short.
    """
    from app.cli.evaluation import evaluate_questions

    given = variant or []
    if not asyncio.run(
        evaluate_questions(file, collection=collection, name=name, variants=given, url=url, api_key=api_key)
    ):
        raise typer.Exit(1)


@app.command(name="mcp", rich_help_panel=_USE)
def mcp_bridge(url: Url = DEFAULT_URL, api_key: ApiKey = None) -> None:
    """Give an assistant on this machine the documents of a service, by the Model Context Protocol over stdio."""
    from app.cli.mcp import run

    run(url, api_key)


@app.command(rich_help_panel=_CARE)
def doctor(
    plans: Annotated[bool, typer.Option(help="Show how PostgreSQL runs the hot queries on your own data.")] = False,
    collection: Annotated[
        str | None, typer.Option("--collection", "-c", help="The collection to look at; default: the largest.")
    ] = None,
) -> None:
    """Check settings, disk, PostgreSQL, Redis and models. The exit code is 1 when something needed is missing."""
    from app.cli.doctor import examine

    if plans:
        from app.cli.database.maintenance import show_plans

        asyncio.run(show_plans(settings_with(), collection))
        return
    if not asyncio.run(examine(settings_with())):
        raise typer.Exit(1)


@app.command(rich_help_panel=_USE)
def openapi() -> None:
    """Print the API's OpenAPI document, to generate clients from. No service has to run."""
    import json

    from app.lifespan import api_lifespan
    from app.main import create_app

    typer.echo(json.dumps(create_app(settings_with(), lifespan=api_lifespan).openapi(), indent=2))


@app.command(rich_help_panel=_CARE)
def trace(
    id_: Annotated[str, typer.Argument(metavar="ID", help="A request, trace or document id.")],
    logs: Annotated[
        list[Path] | None,
        typer.Argument(help="Logs, folders of them, or - for standard input. Default: those of `localchat up`."),
    ] = None,
) -> None:
    """Show every log line of a request or a document, of all processes, in order.

    The X-Request-ID of a response is the id of its request; every error carries the id of its trace.
    """
    from app.cli.trace import print_story

    print_story(id_.strip(), logs or [settings_with().data_dir / "logs"])


def _announce(line: str) -> None:
    typer.echo(line, err=True)


def main() -> None:
    """The entry point. An error that a person can mend ends in one line on stderr and exit code 2."""
    from app.embedded.supervisor.process import StartFailed
    from app.settings import SettingsError

    try:
        app()
    except (SettingsError, StartFailed, CommandFailed) as failure:
        typer.echo(f"localchat: {failure}", err=True)
        sys.exit(2)
