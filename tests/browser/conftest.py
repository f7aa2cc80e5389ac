"""One service and one browser for all tests of the page; each test has a profile and a collection of its own."""

import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.support.browser.chromium import Tab, chromium_path, new_tab, running_chromium
from tests.support.browser.service import Service, running_service
from tests.support.folders import REPO


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
        pytest.skip(f"the page cannot be built: {made.stderr.strip().splitlines()[-1]}")


@pytest.fixture(scope="session")
def service(chromium: str, built_page: None) -> Iterator[Service]:
    with running_service() as service:
        yield service


@pytest.fixture(scope="session")
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
