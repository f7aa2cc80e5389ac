"""The page that a passage ends on, where a sentence goes over two pages."""

from app.db.migrate import run_sql

revision = "0101"
down_revision = "0100"


def upgrade() -> None:
    run_sql("ALTER TABLE chunks ADD COLUMN IF NOT EXISTS last_page integer;")


def downgrade() -> None:
    run_sql("ALTER TABLE chunks DROP COLUMN last_page;")
