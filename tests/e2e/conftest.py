"""Checks of a running service, by its HTTP interface alone: `make e2e URL=http://127.0.0.1:8000`.

They expect shared evaluation data beside the repository and the collections that docs/OPERATIONS.md names.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.folders import DATA


@pytest.fixture(scope="session")
def service() -> Iterator[httpx.Client]:
    url = os.environ.get("LOCALCHAT_URL")
    if not url:
        pytest.skip("LOCALCHAT_URL names no running service")
    with httpx.Client(base_url=url, timeout=120, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def data() -> Path:
    if not DATA.is_dir():
        pytest.skip(f"no evaluation data at {DATA.name}")
    return DATA
