"""Rules that keep the code easy to find one's way in: small folders and modules, and one name for one thing."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.folders import REPO

MODULES_IN_A_FOLDER = 15
LINES_OF_A_MODULE = 300
# Public class names that two modules may share, each with its reason.
SHARED_NAMES = {
    "ChatRequest": "Ollama's name, in the embedded model server, another process, and the body of our own route",
    "ChatChunk": "a port of the pipeline, which does not import the client's type",
    "Conversations": "a port each of the service and of the router",
    "Documents": "an outcome of wiring, and what the command line says of files",
    "EmbeddingModel": "a port of the services, and a model of the embedded model server, another process",
    "RetrievalSettings": "the body of a request, and the value that is made of it",
    "Search": "a port of each of its three users",
    "Source": "a file that is read, and a source that an answer cites",
    "TokenCounter": "a port of each of its two users",
}


def modules(folder: str) -> Iterator[Path]:
    return (REPO / folder).rglob("*.py")


def imported(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("root", ["app", "tests/unit", "tests/integration", "tests/performance", "tests/support"])
def test_a_folder_holds_what_can_be_seen_at_a_glance(root: str) -> None:
    held: dict[str, int] = defaultdict(int)
    for module in modules(root):
        held[str(module.parent.relative_to(REPO))] += module.name != "__init__.py"
    crowded = {folder: count for folder, count in held.items() if count > MODULES_IN_A_FOLDER}
    assert crowded == {}


def test_a_module_can_be_read_in_one_go() -> None:
    lengths = {str(module.relative_to(REPO)): module.read_text().count("\n") for module in modules("app")}
    assert {name: lines for name, lines in lengths.items() if lines > LINES_OF_A_MODULE} == {}


def test_a_class_has_its_name_to_itself() -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for module in modules("app"):
        for node in ast.parse(module.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(module.relative_to(REPO)))
    shared = {name: places for name, places in found.items() if len(places) > 1}
    assert {name: places for name, places in shared.items() if name not in SHARED_NAMES} == {}
    assert SHARED_NAMES.keys() - shared.keys() == set(), "no longer shared"


def test_tests_share_what_they_share_in_support() -> None:
    """A test module that imports from another runs the other's collection, and breaks when that one moves."""
    importing = {
        (str(module.relative_to(REPO)), name)
        for module in modules("tests")
        for name in imported(module)
        if name.startswith("tests.") and any(part.startswith(("test_", "conftest")) for part in name.split("."))
    }
    assert importing == set()
