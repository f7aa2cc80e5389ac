"""What models wrote about texts, kept so that nothing is written twice."""

from app.db.migrate import run_sql

revision = "0105"
down_revision = "0104"


def upgrade() -> None:
    run_sql("""
    -- `key`: SHA-256 over the model's weights and all that it was shown. `document_id`: the document that the text
    -- is about; null for texts about conversations. `seconds`: how long the model took.
    CREATE TABLE model_texts (
        tenant text NOT NULL,
        key bytea NOT NULL,
        document_id uuid REFERENCES documents ON DELETE CASCADE,
        text text NOT NULL,
        seconds real NOT NULL,
        used_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (tenant, key)
    );
    CREATE INDEX model_texts_document ON model_texts (document_id);
    CREATE INDEX model_texts_used ON model_texts (used_at);
    """)
