"""Pairs kept apart in every partition, and to which stratum a hit by meaning belonged."""

from app.db.migrate import run_sql

revision = "0017"
down_revision = "0003"


def upgrade() -> None:
    run_sql("""
    -- A pair is kept apart in every partition, whichever of the two is asked.
    CREATE INDEX semantic_negatives_texts ON semantic_negatives (tenant, md5(query_text), md5(matched_query));
    ALTER TABLE semantic_matches ADD COLUMN stratum varchar(64) NOT NULL DEFAULT '';
    """)


def downgrade() -> None:
    run_sql("""
    ALTER TABLE semantic_matches DROP COLUMN stratum;
    DROP INDEX semantic_negatives_texts;
    """)
