"""Every program and command of docs/INTEGRATIONS.md, as it stands, on a real service."""

import re
import subprocess
import sys

import pytest

from tests.support.folders import REPO

PAGE = (REPO / "docs" / "INTEGRATIONS.md").read_text()
BLOCKS = re.findall(r"^```(python|sh)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SHOWN = {"python": [sys.executable, "-c"], "sh": ["bash", "-ec"]}


@pytest.mark.parametrize(("language", "text"), BLOCKS, ids=[f"{kind}-{n}" for n, (kind, _) in enumerate(BLOCKS)])
def test_it_runs_as_written(service_url: str, language: str, text: str) -> None:
    command = [*SHOWN[language], text.replace("http://127.0.0.1:8000", service_url)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "problem" not in done.stdout
    assert re.search("thirty days|localchat", done.stdout), done.stdout
