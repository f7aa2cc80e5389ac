"""What there was of chunks when their indexes were last built anew."""

from app.db.migrate import run_sql

revision = "0011"
down_revision = "0002"


def upgrade() -> None:
    run_sql("""
    -- One row, or none before the first rebuild. `made`: chunks ever made until then; `live`: what was there.
    CREATE TABLE index_rebuilds (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        made bigint NOT NULL,
        live bigint NOT NULL,
        at timestamptz NOT NULL DEFAULT now()
    );
    """)


def downgrade() -> None:
    run_sql("DROP TABLE index_rebuilds;")
