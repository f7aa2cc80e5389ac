"""The tables that the cache keeps in Postgres. Only the migration creates them."""


def query_cache_ddl(table: str = "query_cache") -> str:
    """Return the statements that create the L3 table. `table` is a plain identifier.

    `result_data` is EXTERNAL: large payloads are deflated already, and pglz would double the time of a read.
    Every update of `hit_count` writes to all indexes, since the column is indexed. So hits are counted in batches,
    and the fill factor leaves room for the new row version on the same page.
    """
    return f"""
CREATE TABLE {table} (
    id serial PRIMARY KEY,
    cache_key varchar(64) NOT NULL UNIQUE,
    query_text text NOT NULL,
    query_params jsonb,
    result_data bytea NOT NULL,
    metadata jsonb,
    hit_count integer DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    last_accessed_at timestamptz NOT NULL DEFAULT now(),
    namespace text NOT NULL,
    tenant text NOT NULL DEFAULT 'default',
    collection_id integer,
    partition varchar(64) NOT NULL,
    corpus_version bigint,
    size_bytes integer GENERATED ALWAYS AS (octet_length(result_data)) STORED,
    pinned boolean NOT NULL DEFAULT false
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.05, toast.autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE {table} ALTER COLUMN result_data SET STORAGE EXTERNAL;
CREATE INDEX {table}_expires_at ON {table} (expires_at);
CREATE INDEX {table}_hit_count ON {table} (hit_count DESC);
CREATE INDEX {table}_scope ON {table} (tenant, collection_id, namespace);
CREATE INDEX {table}_partition ON {table} (partition);
"""


def query_vectors_ddl(table: str = "query_cache") -> str:
    """Return the statements that create the table of the L3 table's question vectors.

    A table apart, since every count of hits writes a new version of L3's row and of all its index entries.
    Vectors of every model share one column; graphs are built for the dimensions that need one.
    """
    return f"""
CREATE TABLE {table}_vectors (
    cache_key varchar(64) PRIMARY KEY REFERENCES {table} (cache_key) ON DELETE CASCADE,
    partition varchar(64) NOT NULL,
    vector halfvec NOT NULL,
    quarantined boolean NOT NULL DEFAULT false
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.05,
    autovacuum_analyze_scale_factor = 0.05);
ALTER TABLE {table}_vectors ALTER COLUMN vector SET STORAGE PLAIN;
CREATE INDEX {table}_vectors_partition ON {table}_vectors (partition);
"""


def cache_leases_ddl(table: str = "cache_leases") -> str:
    """Return the statements that create the table of leases. It is unlogged, since no lease outlives a crash."""
    return f"""
CREATE UNLOGGED TABLE {table} (
    name text PRIMARY KEY,
    token text NOT NULL,
    expires_at timestamptz NOT NULL
);
"""
