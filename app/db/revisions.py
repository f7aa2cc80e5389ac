"""The schema that this release needs, told without Alembic: importing it is a quarter of a replica's start."""

import re
from functools import cache
from pathlib import Path

SCRIPTS = Path(__file__).parents[2] / "alembic" / "versions"


@cache
def newest() -> str:
    """The revision that no other one follows."""
    scripts = [path.read_text() for path in SCRIPTS.glob("*.py")]
    revisions, followed = (
        {found[1] for script in scripts if (found := re.search(rf'^{name} = "(.+)"', script, re.MULTILINE))}
        for name in ("revision", "down_revision")
    )
    (head,) = revisions - followed
    return head
