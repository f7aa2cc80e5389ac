"""Documents of the same bytes under different names, and the title, author and date that a file states."""

from app.db.migrate import run_sql

revision = "0103"
down_revision = "0102"


def upgrade() -> None:
    run_sql("""
    DROP INDEX documents_content;
    -- A sample of a collection is taken by the hash of the content.
    CREATE INDEX documents_content ON documents (collection_id, sha256) WHERE deleted_at IS NULL;
    CREATE INDEX documents_name ON documents (collection_id, filename) WHERE deleted_at IS NULL;
    -- `title`, `author` and `created_at` as the file has them.
    ALTER TABLE document_versions ADD COLUMN properties jsonb NOT NULL DEFAULT '{}';
    """)
