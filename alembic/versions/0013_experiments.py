"""What an experiment is about, and how each question in it ended."""

from app.db.migrate import run_sql

revision = "0013"
down_revision = "0017"

_UP = """
ALTER TABLE experiments
    ADD collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
    ADD stopped_at timestamptz;

-- Two experiments on one collection would measure each other.
CREATE UNIQUE INDEX experiments_running ON experiments (collection_id) WHERE stopped_at IS NULL;

CREATE TABLE experiment_answers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id uuid NOT NULL REFERENCES experiments ON DELETE CASCADE,
    variant text NOT NULL,
    unit bytea NOT NULL,
    query_id uuid NOT NULL,
    outcome text NOT NULL,
    cached boolean NOT NULL,
    ttft_ms real,
    total_ms real NOT NULL,
    output_tokens integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX experiment_answers_experiment ON experiment_answers (experiment_id);
"""


def upgrade() -> None:
    run_sql(_UP)


def downgrade() -> None:
    run_sql("""
    DROP TABLE experiment_answers;
    DROP INDEX experiments_running;
    ALTER TABLE experiments DROP collection_id, DROP stopped_at;
    """)
