"""The documentation speaks of what there is: its links, commands, settings and figures are looked up."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from app.cli import app as cli
from tests.support.folders import REPO

DOCS = REPO / "docs"
PAGES = [REPO / "README.md", REPO / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
ARCHITECTURE = DOCS / "ARCHITECTURE.md"
TUNING = DOCS / "PERFORMANCE_TUNING.md"

# Of Postgres, Ollama and the shell.
_OTHERS = {"ADMIN_URL", "RESTORED_URL", "OLLAMA_KEEP_ALIVE", "POSTGRES_PASSWORD", "PATH"}


def pages() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPO)))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def code(text: str) -> list[str]:
    """What is set as code: the lines of shell blocks, and what stands between backticks."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()] + re.findall(r"`([^`]+)`", rest)


@pages()
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if link.startswith(("http:", "https:")):
            continue
        path, _, anchor = link.partition("#")
        target = page if not path else (page.parent / path).resolve()
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pages()
def test_commands_and_their_options_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (REPO / "Makefile").read_text(), re.MULTILINE))
    root = get_command(cli)
    for line in code(page.read_text()):
        for target in re.findall(r"(?:^|\s)make ([a-z][a-z0-9-]*)", line):
            assert target in targets, line
        for words in re.findall(r"(?:^|/|\s)localchat ((?:[a-z][a-z|-]*|--[a-z-]+)(?: [^#`]*)?)", line):
            _check_command(root, words.split(), line)


def _check_command(root: object, words: list[str], line: str) -> None:
    first, *rest = words
    for name in first.split("|"):
        command = getattr(root, "commands", {}).get(name)
        assert command is not None, line
        inner = getattr(command, "commands", None)
        if inner and rest and not rest[0].startswith("-"):
            _check_command(command, rest, line)
            continue
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= known, line


@pages()
def test_settings_exist(page: Path) -> None:
    known = set(re.findall(r"^#?([A-Z0-9_]+)=", (REPO / ".env.example").read_text(), re.MULTILINE)) | _OTHERS
    named = {
        name
        for text in code(page.read_text())
        for name in re.findall(r"(?<![\w$])([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?![\w(])", text)
    }
    assert named - known == set()


@pages()
def test_files_and_folders_exist(page: Path) -> None:
    for text in code(page.read_text()):
        for path in re.findall(r"(?<![\w./-])(?:app|alembic|tests)/[\w./-]*\w", text):
            assert (REPO / path).exists(), path


def test_the_table_of_changes_names_things_that_are_in_the_files_it_names() -> None:
    rows = re.findall(
        r"^\| .+ \| (.+) \|$", ARCHITECTURE.read_text().partition("## I want to change X")[2], re.MULTILINE
    )
    named = [pair for row in rows for pair in re.findall(r"`((?:app|alembic)/[^`]+)`(?: \(`(\w+)`\))?", row)]
    for path, name in named:
        assert not name or re.search(rf"\b{name}\b", (REPO / path).read_text()), (path, name)
    assert len(rows) > 25
    assert sum(bool(name) for _, name in named) > 25


def test_figures_of_tuning_tables_are_those_of_the_benchmark_named_below_them() -> None:
    checked = 0
    for table, after in re.findall(r"((?:^\|.*\n)+)\n(.*)$", TUNING.read_text(), re.MULTILINE):
        sources = re.findall(r"\]\((benchmarks/[^)]+)\)", after)
        cells = [cell.strip() for row in table.splitlines()[2:] for cell in row.strip("|").split("|")[1:]]
        figures = [cell for cell in cells if re.fullmatch(r"\d+\.\d+( %| ms)?", cell)]
        assert bool(sources) == bool(figures), table
        known = [
            float(number)
            for source in sources
            for number in re.findall(r"\d+(?:\.\d+)?", (DOCS / source).read_text())
        ]
        for figure in figures:
            number = figure.split()[0]
            places = len(number.partition(".")[2])
            assert any(f"{value:.{places}f}" == number for value in known), figure
            checked += 1
    assert checked > 30
