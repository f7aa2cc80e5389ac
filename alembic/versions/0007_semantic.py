"""Questions by their vectors, and what is known of how well matching by meaning does."""

from app.cache.postgres.schema import query_vectors_ddl
from app.db.migrate import run_sql

revision = "0007"
down_revision = "0012"


def upgrade() -> None:
    run_sql(query_vectors_ddl())
    run_sql("""
    -- A stratum is what one threshold holds for: a collection's questions to one pair of models.
    CREATE TABLE semantic_strata (
        stratum varchar(64) PRIMARY KEY,
        tenant text NOT NULL DEFAULT 'default',
        collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
        namespace text NOT NULL,
        threshold real,
        reason text NOT NULL DEFAULT '',
        -- Labels and traffic before this moment are of a time that has passed.
        since timestamptz NOT NULL DEFAULT now(),
        calibrated_at timestamptz
    );
    CREATE INDEX semantic_strata_collection ON semantic_strata (collection_id);

    -- Would-be hits whose result was compared with a fresh one, or that a person called wrong.
    CREATE TABLE semantic_labels (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        stratum varchar(64) NOT NULL REFERENCES semantic_strata ON DELETE CASCADE,
        query_text text NOT NULL,
        matched_query text NOT NULL,
        similarity real NOT NULL,
        correct boolean NOT NULL,
        served boolean NOT NULL,
        source text NOT NULL CHECK (source IN ('pipeline', 'person')),
        detail text NOT NULL DEFAULT '',
        created_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX semantic_labels_stratum ON semantic_labels (stratum, id DESC);

    -- Lookups by hour, and the would-be hits among them by step of their similarity.
    CREATE TABLE semantic_traffic (
        stratum varchar(64) NOT NULL REFERENCES semantic_strata ON DELETE CASCADE,
        hour timestamptz NOT NULL,
        lookups bigint NOT NULL,
        served bigint NOT NULL,
        matches integer[] NOT NULL,
        PRIMARY KEY (stratum, hour)
    );
    """)


def downgrade() -> None:
    run_sql("DROP TABLE semantic_traffic, semantic_labels, semantic_strata, query_cache_vectors;")
