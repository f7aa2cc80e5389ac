"""An index by which housekeeping finds documents that lost their job without reading all that are done."""

from app.db.migrate import run_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    # Progress changes neither the id nor the status, so it does not write to the index.
    run_sql("""
    CREATE INDEX documents_unfinished ON documents (id)
        WHERE status IN ('queued', 'processing') AND deleted_at IS NULL;
    """)


def downgrade() -> None:
    run_sql("DROP INDEX documents_unfinished;")
