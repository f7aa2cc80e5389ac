"""What a replica and a worker load when they start."""

import gc
import subprocess
import sys

from alembic.config import Config
from alembic.script import ScriptDirectory

from app.db.operations.health import newest_revision
from app.wiring import gc_tuning
from tests.support.folders import REPO


def test_the_newest_revision_is_the_one_that_alembic_names() -> None:
    assert newest_revision() == ScriptDirectory.from_config(Config(REPO / "alembic.ini")).get_current_head()


def test_a_start_does_without_what_only_migrations_need() -> None:
    code = "import sys, app.cli.serving, app.worker; print(sorted({'alembic', 'sqlalchemy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_the_collector_works_again_once_a_process_has_started() -> None:
    gc_tuning.pause()
    try:
        assert not gc.isenabled()
        gc_tuning.freeze()
        assert gc.isenabled()
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.enable()
