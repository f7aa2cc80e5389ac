-- What filters compare. Immutable: nothing in it depends on the session.
CREATE FUNCTION document_attributes(id uuid, filename text, media_type text, created_at timestamptz, metadata jsonb)
RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN jsonb_build_object(
    'id', id, 'filename', filename, 'media_type', media_type, 'metadata', metadata,
    'created_at', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
);
CREATE TABLE documents (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant text NOT NULL DEFAULT 'default',
    collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
    filename text NOT NULL,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 text NOT NULL,
    status text NOT NULL DEFAULT 'queued'
        CHECK (status IN ('queued', 'processing', 'ready', 'partial', 'failed')),
    stage text CHECK (stage IN ('load', 'split', 'embed', 'store')),
    version integer NOT NULL DEFAULT 1,
    active_version integer,
    chunk_count integer NOT NULL DEFAULT 0,
    embedded_count integer NOT NULL DEFAULT 0,
    failed_count integer NOT NULL DEFAULT 0,
    reused_count integer NOT NULL DEFAULT 0,
    error text,
    -- What of the file was not read.
    warnings jsonb NOT NULL DEFAULT '[]',
    metadata jsonb NOT NULL DEFAULT '{}',
    attributes jsonb NOT NULL GENERATED ALWAYS AS (
        document_attributes(id, filename, media_type, created_at, metadata)
    ) STORED,
    lease uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
-- Progress is written to a document's row with every batch: room on its page keeps that out of the indexes.
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);
CREATE UNIQUE INDEX documents_content ON documents (collection_id, sha256) WHERE deleted_at IS NULL;
CREATE INDEX documents_listing ON documents (collection_id, id) WHERE deleted_at IS NULL;
CREATE INDEX documents_attributes ON documents USING gin (attributes jsonb_path_ops) WHERE deleted_at IS NULL;
CREATE INDEX documents_deleted ON documents (id) WHERE deleted_at IS NOT NULL;
-- Purging finds replaced versions without reading the documents that have none.
CREATE INDEX documents_replaced ON documents (id) WHERE version > 1 AND deleted_at IS NULL;
-- Housekeeping finds documents that lost their job. Progress changes neither the id nor the status, so it does not
-- write to this index.
CREATE INDEX documents_unfinished ON documents (id)
    WHERE status IN ('queued', 'processing') AND deleted_at IS NULL;

CREATE TABLE document_versions (
    document_id uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
    version integer NOT NULL,
    filename text NOT NULL,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    content bytea NOT NULL,
    -- Whether all chunks are stored; they are stored part by part.
    split boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (document_id, version)
);
-- Most formats are compressed already; a second attempt would only cost time.
ALTER TABLE document_versions ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TABLE upload_keys (
    tenant text NOT NULL,
    key text NOT NULL,
    fingerprint text NOT NULL,
    response jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant, key)
);
