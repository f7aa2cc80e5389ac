CREATE EXTENSION IF NOT EXISTS vector;

CREATE TABLE collections (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant text NOT NULL DEFAULT 'default',
    name text NOT NULL CHECK (name <> ''),
    description text NOT NULL DEFAULT '',
    language text NOT NULL DEFAULT 'english',
    settings jsonb NOT NULL DEFAULT '{}',
    corpus_version bigint NOT NULL DEFAULT 0,
    space_id integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE UNIQUE INDEX collections_name ON collections (tenant, name) WHERE deleted_at IS NULL;
CREATE INDEX collections_deleted ON collections (id) WHERE deleted_at IS NOT NULL;

-- A space is one collection's vectors of one model. Its vectors live in a table of their own,
-- vectors_<id>, whose column has the model's dimension.
CREATE TABLE embedding_spaces (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
    model text NOT NULL,
    digest text NOT NULL,
    dimension integer NOT NULL CHECK (dimension > 0),
    query_prefix text NOT NULL DEFAULT '',
    document_prefix text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    -- No search begins to read a retired space; it is dropped once those under way are done.
    retired_at timestamptz
);
CREATE INDEX embedding_spaces_collection ON embedding_spaces (collection_id);
CREATE INDEX embedding_spaces_retired ON embedding_spaces (retired_at) WHERE retired_at IS NOT NULL;
ALTER TABLE collections ADD FOREIGN KEY (space_id) REFERENCES embedding_spaces ON DELETE SET NULL;

-- A collection on its way to another embedding model: `space_id` is being filled beside the space in use.
CREATE TABLE reindexes (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
    space_id integer NOT NULL,
    model text NOT NULL,
    status text NOT NULL DEFAULT 'queued' CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    chunk_count integer NOT NULL DEFAULT 0,
    embedded_count integer NOT NULL DEFAULT 0,
    failed_count integer NOT NULL DEFAULT 0,
    error text,
    lease uuid,
    switched_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX reindexes_newest ON reindexes (collection_id, id);
CREATE UNIQUE INDEX reindexes_one ON reindexes (collection_id) WHERE status IN ('queued', 'running');

-- Chunks that the new model cannot embed, until the switch writes them to the chunks themselves.
CREATE TABLE reindex_failures (
    reindex_id uuid NOT NULL REFERENCES reindexes ON DELETE CASCADE,
    chunk_id bigint NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (reindex_id, chunk_id)
);

-- One row per change of a collection: a cached result of an older version is checked against the changes since.
CREATE TABLE corpus_changes (
    collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
    version bigint NOT NULL,
    document_id uuid,
    document_version integer,
    kind text NOT NULL CHECK (kind IN ('added', 'replaced', 'removed', 'reindexed')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (collection_id, version)
) WITH (autovacuum_vacuum_scale_factor = 0.05);

-- The row lock on the collection makes the order of versions the order of commits.
CREATE FUNCTION bump_corpus(
    changed_collection integer, changed_document uuid, changed_version integer, change text
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE bumped bigint;
BEGIN
    UPDATE collections SET corpus_version = corpus_version + 1, updated_at = now()
        WHERE id = changed_collection RETURNING corpus_version INTO bumped;
    INSERT INTO corpus_changes (collection_id, version, document_id, document_version, kind)
        VALUES (changed_collection, bumped, changed_document, changed_version, change);
    PERFORM pg_notify('corpus_changed', changed_collection || ':' || bumped);
    RETURN bumped;
END $$;
