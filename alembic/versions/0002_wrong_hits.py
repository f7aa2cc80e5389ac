"""Hits by meaning as they were served, and the pairs that people called wrong."""

from app.db.migrate import run_sql

revision = "0002"
down_revision = "0004"


def upgrade() -> None:
    run_sql("""
    -- Written when a question gets another question's result: a verdict names nothing but the query_id.
    CREATE TABLE semantic_matches (
        query_id uuid PRIMARY KEY,
        tenant text NOT NULL DEFAULT 'default',
        partition varchar(64) NOT NULL,
        cache_key varchar(64) NOT NULL,
        query_text text NOT NULL,
        matched_query text NOT NULL,
        similarity real,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX semantic_matches_age ON semantic_matches (created_at);

    -- Two questions that must not get each other's result.
    CREATE TABLE semantic_negatives (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        tenant text NOT NULL DEFAULT 'default',
        partition varchar(64) NOT NULL,
        query_text text NOT NULL,
        matched_query text NOT NULL,
        similarity real,
        query_id uuid,
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE UNIQUE INDEX semantic_negatives_pair
        ON semantic_negatives (tenant, partition, md5(query_text), md5(matched_query));
    """)


def downgrade() -> None:
    run_sql("DROP TABLE semantic_negatives, semantic_matches;")
