"""Versions that are stored part by part, and vectors that are shared by all collections of a model."""

from app.db.migrate import run_sql

revision = "0003"
down_revision = "0007"


def upgrade() -> None:
    run_sql("""
    ALTER TABLE document_versions ADD COLUMN split boolean NOT NULL DEFAULT false;
    -- Until now the chunks of a version were stored all at once.
    UPDATE document_versions v SET split = true
        WHERE EXISTS (SELECT FROM chunks c WHERE c.document_id = v.document_id AND c.version = v.version);
    DROP INDEX chunks_content;
    CREATE INDEX chunks_content ON chunks (content_hash) WHERE active;
    """)


def downgrade() -> None:
    run_sql("""
    DROP INDEX chunks_content;
    CREATE INDEX chunks_content ON chunks (collection_id, content_hash) WHERE active;
    ALTER TABLE document_versions DROP COLUMN split;
    """)
