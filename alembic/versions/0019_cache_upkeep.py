"""Upkeep of the cache's tables: autovacuum that suits them, and when whose indexes were last built anew."""

from app.db.migrate import run_sql

revision = "0019"
down_revision = "0013"


def upgrade() -> None:
    run_sql("""
    ALTER TABLE index_rebuilds ADD COLUMN relation text NOT NULL DEFAULT 'chunks';
    ALTER TABLE index_rebuilds DROP COLUMN one, ADD PRIMARY KEY (relation), ALTER COLUMN relation DROP DEFAULT;
    ALTER TABLE query_cache SET (autovacuum_vacuum_insert_scale_factor = 0.05);
    ALTER TABLE query_cache_vectors SET (autovacuum_vacuum_scale_factor = 0.05,
        autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
    """)


def downgrade() -> None:
    run_sql("""
    DELETE FROM index_rebuilds WHERE relation <> 'chunks';
    ALTER TABLE index_rebuilds DROP COLUMN relation, ADD COLUMN one boolean PRIMARY KEY DEFAULT true CHECK (one);
    """)
