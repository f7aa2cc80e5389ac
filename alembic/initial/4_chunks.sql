CREATE TABLE chunks (
    id bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    tenant text NOT NULL DEFAULT 'default',
    collection_id integer NOT NULL,
    document_id uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
    version integer NOT NULL,
    ordinal integer NOT NULL,
    content_hash bytea NOT NULL,
    text text NOT NULL,
    token_count integer NOT NULL,
    page integer,
    section text,
    error text,
    active boolean NOT NULL DEFAULT true,
    language regconfig NOT NULL,
    tsv tsvector
        GENERATED ALWAYS AS (lexemes(language, collection_id, coalesce(section, '') || ' ' || text)) STORED,
    PRIMARY KEY (document_id, version, ordinal)
-- Autovacuum by default lets a fifth of a large table be dead, or unlike its statistics, before it acts.
) WITH (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.05,
    autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02);
-- Ranking reads the vector once for every lexeme of a question: unpacking it each time would cost most of all.
ALTER TABLE chunks ALTER COLUMN tsv SET STORAGE EXTERNAL;
CREATE INDEX chunks_tsv ON chunks USING gin (tsv) WHERE active;
-- Vectors are shared by all collections of a model.
CREATE INDEX chunks_content ON chunks (content_hash) WHERE active;

-- What a table held when its indexes were last rebuilt; no row before the first rebuild. `made`: rows ever made
-- until then; `live`: rows that were there.
CREATE TABLE index_rebuilds (
    relation text PRIMARY KEY,
    made bigint NOT NULL,
    live bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

-- The corpus statistics of BM25, frozen: results of one snapshot can be compared with each other.
CREATE TABLE lexeme_snapshots (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
    chunk_count integer NOT NULL,
    average_length real NOT NULL,  -- bytes of text
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX lexeme_snapshots_newest ON lexeme_snapshots (collection_id, id);

-- How many chunks hold a lexeme, where that is more than one.
CREATE TABLE lexeme_statistics (
    snapshot_id bigint NOT NULL REFERENCES lexeme_snapshots ON DELETE CASCADE,
    lexeme text COLLATE "C" NOT NULL,
    chunk_count integer NOT NULL,
    PRIMARY KEY (snapshot_id, lexeme)
);

-- The newest snapshot's id, after taking a new one if the collection's size moved by more than `tolerance`
-- of what it was. Of several callers at once, one takes it and the others go on with the one there is.
CREATE FUNCTION refresh_lexeme_statistics(collection integer, tolerance real DEFAULT 0.1) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    newest lexeme_snapshots;
    live bigint;
BEGIN
    SELECT coalesce(sum(chunk_count), 0) INTO live FROM documents
        WHERE collection_id = collection AND deleted_at IS NULL AND active_version IS NOT NULL;
    SELECT * INTO newest FROM lexeme_snapshots WHERE collection_id = collection ORDER BY id DESC LIMIT 1;
    IF newest.id IS NOT NULL AND abs(live - newest.chunk_count) <= tolerance * newest.chunk_count THEN
        RETURN newest.id;
    END IF;
    IF newest.id IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('lexeme_statistics'), collection);
        SELECT * INTO newest FROM lexeme_snapshots WHERE collection_id = collection ORDER BY id DESC LIMIT 1;
        IF newest.id IS NOT NULL THEN
            RETURN newest.id;
        END IF;
    ELSIF NOT pg_try_advisory_xact_lock(hashtext('lexeme_statistics'), collection) THEN
        RETURN newest.id;
    END IF;
    INSERT INTO lexeme_snapshots (collection_id, chunk_count, average_length)
        SELECT collection, count(*), coalesce(avg(octet_length(c.text)), 0)
        FROM chunks c JOIN documents d ON d.id = c.document_id AND d.active_version = c.version
        WHERE c.collection_id = collection AND c.active AND d.deleted_at IS NULL
        RETURNING * INTO newest;
    INSERT INTO lexeme_statistics (snapshot_id, lexeme, chunk_count)
        SELECT newest.id, word, ndoc FROM ts_stat(format(
            'SELECT c.tsv FROM chunks c JOIN documents d ON d.id = c.document_id AND d.active_version = c.version
             WHERE c.collection_id = %s AND c.active AND d.deleted_at IS NULL', collection))
        WHERE ndoc > 1;
    PERFORM pg_notify('corpus_changed', id || ':' || corpus_version) FROM collections WHERE id = collection;
    DELETE FROM lexeme_snapshots WHERE collection_id = collection AND id < newest.id;
    RETURN newest.id;
END $$;
