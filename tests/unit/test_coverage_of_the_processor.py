"""Every line and branch of the batch embedding processor is run by its own tests."""

import os
import subprocess
import sys
from pathlib import Path

PROCESSOR = ("embedder", "batches", "progress")


def test_no_line_and_no_branch_of_the_processor_is_untested(tmp_path: Path) -> None:
    argv = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit/test_batch_embedder.py"),
        *(f"--cov=app.ingestion.embedding.{module}" for module in PROCESSOR),
        *("--cov-branch", "--cov-report=term-missing", "--cov-fail-under=100"),
    ]
    env = {**os.environ, "COVERAGE_FILE": str(tmp_path / "coverage")}
    ran = subprocess.run(argv, env=env, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert all(f"app/ingestion/embedding/{module}.py" in ran.stdout for module in PROCESSOR)
