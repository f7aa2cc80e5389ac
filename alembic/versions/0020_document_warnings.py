"""What of a file was not read: a document's warnings."""

from app.db.migrate import run_sql

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    run_sql("""
    ALTER TABLE documents ADD COLUMN IF NOT EXISTS warnings jsonb NOT NULL DEFAULT '[]';
    ALTER TABLE document_versions DROP COLUMN IF EXISTS warnings;
    """)


def downgrade() -> None:
    run_sql("""
    ALTER TABLE documents DROP COLUMN warnings;
    ALTER TABLE document_versions ADD COLUMN warnings text[] NOT NULL DEFAULT '{}';
    """)
