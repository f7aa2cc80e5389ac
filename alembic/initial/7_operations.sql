CREATE TABLE api_keys (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant text NOT NULL DEFAULT 'default',
    name text NOT NULL,
    key_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

-- What the caches of all replicas did, by minute; each adds what it counted since it last did.
CREATE TABLE cache_minutes (
    minute timestamptz NOT NULL,
    namespace text NOT NULL,
    requests bigint NOT NULL,
    l1_hits bigint NOT NULL,
    l2_hits bigint NOT NULL,
    l3_hits bigint NOT NULL,
    semantic_hits bigint NOT NULL,
    misses bigint NOT NULL,
    stale bigint NOT NULL,
    bypassed bigint NOT NULL,
    coalesced bigint NOT NULL,
    seconds_saved double precision NOT NULL,
    tokens_saved bigint NOT NULL,
    PRIMARY KEY (minute, namespace)
) WITH (fillfactor = 70);

CREATE TABLE slow_statements (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    seconds double precision NOT NULL,
    statement text NOT NULL,
    parameters text[] NOT NULL,
    plan text,
    request_id text
);

-- When each view was refreshed, and how many seconds that took.
CREATE TABLE statistics_refreshes (
    view text PRIMARY KEY,
    at timestamptz NOT NULL,
    seconds double precision NOT NULL
);

CREATE MATERIALIZED VIEW collection_statistics AS
SELECT c.id AS collection_id, c.tenant,
    coalesce(d.documents, 0) AS documents,
    coalesce(d.queued, 0) AS queued, coalesce(d.processing, 0) AS processing, coalesce(d.ready, 0) AS ready,
    coalesce(d.partial, 0) AS partial, coalesce(d.failed, 0) AS failed,
    coalesce(k.chunks, 0) AS chunks, coalesce(k.tokens, 0) AS tokens, coalesce(k.text_bytes, 0) AS text_bytes,
    coalesce(d.failed_chunks, 0) AS failed_chunks,
    coalesce(d.size_bytes, 0) AS size_bytes,
    coalesce(v.vector_bytes, 0) AS vector_bytes, coalesce(v.index_bytes, 0) AS index_bytes,
    d.last_change_at
FROM collections c
LEFT JOIN (
    SELECT collection_id, count(*) AS documents,
        count(*) FILTER (WHERE status = 'queued') AS queued,
        count(*) FILTER (WHERE status = 'processing') AS processing,
        count(*) FILTER (WHERE status = 'ready') AS ready,
        count(*) FILTER (WHERE status = 'partial') AS partial,
        count(*) FILTER (WHERE status = 'failed') AS failed,
        sum(failed_count) AS failed_chunks, sum(size_bytes)::bigint AS size_bytes, max(updated_at) AS last_change_at
    FROM documents WHERE deleted_at IS NULL GROUP BY collection_id
) d ON d.collection_id = c.id
LEFT JOIN (
    SELECT c.collection_id, count(*) AS chunks, sum(c.token_count) AS tokens,
        sum(octet_length(c.text)) AS text_bytes
    FROM chunks c JOIN documents d ON d.id = c.document_id AND d.active_version = c.version
    WHERE c.active AND d.deleted_at IS NULL GROUP BY c.collection_id
) k ON k.collection_id = c.id
LEFT JOIN LATERAL (
    -- A refresh has a search path of its own, which does not find tables by their bare names.
    SELECT sum(pg_table_size(t.oid)) AS vector_bytes, sum(pg_indexes_size(t.oid)) AS index_bytes
    FROM embedding_spaces s JOIN pg_class t ON t.relname = 'vectors_' || s.id
        AND t.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'embedding_spaces'::regclass)
    WHERE s.collection_id = c.id
) v ON true
WHERE c.deleted_at IS NULL;
CREATE UNIQUE INDEX collection_statistics_key ON collection_statistics (collection_id);

CREATE MATERIALIZED VIEW document_statistics AS
SELECT d.tenant, d.collection_id, d.media_type, count(*) AS documents,
    count(*) FILTER (WHERE d.status IN ('partial', 'failed')) AS troubled,
    sum(d.size_bytes)::bigint AS size_bytes, sum(d.chunk_count) AS chunks,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY d.chunk_count) AS median_chunks, max(d.chunk_count) AS most_chunks,
    min(d.created_at) AS first_at, max(d.created_at) AS last_at
FROM documents d JOIN collections c ON c.id = d.collection_id AND c.deleted_at IS NULL
WHERE d.deleted_at IS NULL GROUP BY d.tenant, d.collection_id, d.media_type;
CREATE UNIQUE INDEX document_statistics_key ON document_statistics (collection_id, media_type, tenant);

CREATE MATERIALIZED VIEW query_statistics AS
SELECT date_bin('1 hour', minute, '2000-01-01Z') AS hour, namespace, sum(requests)::bigint AS requests,
    sum(l1_hits)::bigint AS l1_hits, sum(l2_hits)::bigint AS l2_hits, sum(l3_hits)::bigint AS l3_hits,
    sum(semantic_hits)::bigint AS semantic_hits, sum(misses)::bigint AS misses, sum(stale)::bigint AS stale,
    sum(bypassed)::bigint AS bypassed, sum(coalesced)::bigint AS coalesced,
    sum(seconds_saved) AS seconds_saved, sum(tokens_saved)::bigint AS tokens_saved
FROM cache_minutes GROUP BY 1, 2;
CREATE UNIQUE INDEX query_statistics_key ON query_statistics (hour, namespace);
