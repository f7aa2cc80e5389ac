"""Evaluations: questions with what is expected of them, and how each fared under each variant."""

from app.db.migrate import run_sql

revision = "0107"
down_revision = "0106"


def upgrade() -> None:
    run_sql("""
    CREATE TABLE evaluations (
        id uuid PRIMARY KEY DEFAULT uuidv7(),
        tenant text NOT NULL DEFAULT 'default',
        name text NOT NULL,
        collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
        definition jsonb NOT NULL,
        state text NOT NULL DEFAULT 'queued',
        error text,
        corpus_version bigint NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX evaluations_listing ON evaluations (tenant, id);
    CREATE INDEX evaluations_collection ON evaluations (collection_id);

    CREATE TABLE evaluation_outcomes (
        evaluation_id uuid NOT NULL REFERENCES evaluations ON DELETE CASCADE,
        question integer NOT NULL,
        variant text NOT NULL,
        outcome jsonb NOT NULL,
        PRIMARY KEY (evaluation_id, question, variant)
    );
    """)
