"""The bytes of documents in parts, so that neither storing nor reading holds a whole file in memory."""

from app.db.migrate import run_sql

revision = "0102"
down_revision = "0101"


def upgrade() -> None:
    run_sql("""
    -- The bytes of a version, 1 MiB in each part but the last.
    CREATE TABLE document_parts (
        document_id uuid NOT NULL,
        version integer NOT NULL,
        part integer NOT NULL,
        bytes bytea NOT NULL,
        PRIMARY KEY (document_id, version, part),
        FOREIGN KEY (document_id, version) REFERENCES document_versions ON DELETE CASCADE
    );
    -- Most formats are compressed already; a second attempt would only cost time.
    ALTER TABLE document_parts ALTER COLUMN bytes SET STORAGE EXTERNAL;
    INSERT INTO document_parts
        SELECT document_id, version, part, substring(content FROM part * 1048576 + 1 FOR 1048576)
        FROM document_versions, generate_series(0, (octet_length(content) - 1) / 1048576) part;
    ALTER TABLE document_versions DROP COLUMN content;
    """)
