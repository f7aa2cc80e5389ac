"""One browser and two services for all tests of the page: one that is open, and one that asks for a key.

Each test has a profile of its own, and changes only what is its own. The browser is the package's, not the
session's: while Playwright's synchronous interface is in use, no test with an event loop of its own can run.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser

from tests.support.browser.chromium import Tab, chromium_path, new_tab, running_chromium
from tests.support.browser.service import Service, Writer, running_service, running_writer
from tests.support.browser.sites import empty_site
from tests.support.folders import REPO

_HERE = Path(__file__).parent
_PATIENCE = 300


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test also builds the page and starts the services."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.timeout(_PATIENCE))


@pytest.fixture(scope="session")
def chromium() -> str:
    path = chromium_path()
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    return path


@pytest.fixture(scope="session")
def built_page() -> None:
    """The page as it is in the sources, and what is needed to examine it."""
    made = subprocess.run(
        ["make", "web/node_modules/.check", "page"], cwd=REPO, check=False, capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"the page cannot be built: {(made.stderr.strip() or made.stdout.strip()).splitlines()[-1]}")


@pytest.fixture(scope="package")
def writer(chromium: str, built_page: None) -> Iterator[Writer]:
    with running_writer() as writer:
        yield writer


@pytest.fixture(scope="package")
def service(writer: Writer) -> Iterator[Service]:
    with running_service(writer) as service:
        yield service


@pytest.fixture(scope="package")
def friend() -> Iterator[str]:
    """The origin of a page that may use the service that asks for a key."""
    with empty_site() as origin:
        yield origin


@pytest.fixture(scope="package")
def guarded(writer: Writer, friend: str) -> Iterator[Service]:
    """A service that asks for a key, behind the prefix /chat."""
    settings = {"AUTH_MODE": "api_key", "CORS_ALLOWED_ORIGINS": friend, "ROOT_PATH": "/chat"}
    with running_service(writer, **settings) as service:
        yield service


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Browser]:
    with running_chromium(chromium) as browser:
        yield browser


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    """A tab about which nothing is complained in the end."""
    with new_tab(browser) as tab:
        yield tab
        assert tab.complaints == []
        assert tab.violations() == []


@pytest.fixture
def collection(service: Service) -> str:
    """A new, empty one."""
    name = f"c{uuid4().hex[:8]}"
    with service.client() as client:
        client.post("/api/collections", json={"name": name}).raise_for_status()
    return name
