"""Collections, documents, chunks and their embeddings, conversations, feedback, keys and the job queue."""

from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

from app.cache.postgres.schema import cache_leases_ddl, query_cache_ddl
from app.db.migrate import run_sql

revision = "0001"
down_revision = None

EXTENSIONS = "CREATE EXTENSION IF NOT EXISTS vector;"

COLLECTIONS = """
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
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX embedding_spaces_collection ON embedding_spaces (collection_id);
ALTER TABLE collections ADD FOREIGN KEY (space_id) REFERENCES embedding_spaces ON DELETE SET NULL;
"""

DOCUMENTS = """
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
    metadata jsonb NOT NULL DEFAULT '{}',
    lease uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE UNIQUE INDEX documents_content ON documents (collection_id, sha256) WHERE deleted_at IS NULL;
CREATE INDEX documents_listing ON documents (collection_id, id) WHERE deleted_at IS NULL;
CREATE INDEX documents_metadata ON documents USING gin (metadata jsonb_path_ops) WHERE deleted_at IS NULL;
CREATE INDEX documents_deleted ON documents (id) WHERE deleted_at IS NOT NULL;

CREATE TABLE document_versions (
    document_id uuid NOT NULL REFERENCES documents ON DELETE CASCADE,
    version integer NOT NULL,
    filename text NOT NULL,
    media_type text NOT NULL,
    size_bytes bigint NOT NULL,
    sha256 text NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    content bytea NOT NULL,
    warnings text[] NOT NULL DEFAULT '{}',
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
"""

# How text becomes lexemes, for chunks and for questions alike.
LEXEMES = r"""
-- Folds what differs only in form, makes punctuation blank, drops marks that are no letters, adds the parts of
-- CamelCase to the whole, and cuts runs of scripts that are written without spaces into overlapping pairs of
-- characters. The builtin collation makes the outcome the same in every database, whatever its locale. A word of
-- 200 characters is data, not language.
CREATE FUNCTION searchable(body text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    unspaced constant text := '\u0E00-\u0EFF\u1000-\u11FF\u1780-\u17FF\u2E80-\u2FDF\u3005-\u3007\u3040-\u30FF'
        '\u31F0-\u31FF\u3400-\u4DBF\u4E00-\u9FFF\uAC00-\uD7AF\uF900-\uFAFF\U00020000-\U0003FFFF';
    pair constant text := '([' || unspaced || ']{2})';
    plain text := body;
BEGIN
    IF octet_length(body) > length(body) THEN
        plain := regexp_replace(normalize(body, NFKC) COLLATE "pg_c_utf8",
            '[^[:alnum:][:punct:][:space:]\u0001-\u007F]+', '', 'g');
    END IF;
    IF plain ~ '[a-z][A-Z]' THEN
        plain := plain || ' ' || (SELECT string_agg(regexp_replace(word[1], '([a-z])([A-Z])', '\1 \2', 'g'), ' ')
            FROM regexp_matches(plain, '[[:alnum:]]*[a-z][A-Z][[:alnum:]]*', 'g') word);
    END IF;
    plain := regexp_replace(lower(plain COLLATE "pg_c_utf8"), '[^[:alnum:].]+|\.(?![0-9])', ' ', 'g');
    IF octet_length(plain) > length(plain) AND plain ~ ('[' || unspaced || ']') THEN
        -- Pairs that start at a run's even characters, then those at odd ones. U+0001 marks where a pair ended
        -- or a run lost its first character, so that a character left over there is dropped.
        plain := regexp_replace(
            regexp_replace(plain, pair, E' \\1\u0001', 'g') || ' ' || regexp_replace(
                regexp_replace(' ' || plain, '[^' || unspaced || ']+[' || unspaced || ']?', E'\u0001', 'g'),
                pair, E' \\1\u0001', 'g'),
            '\u0001[' || unspaced || ']?', ' ', 'g');
    END IF;
    RETURN regexp_replace(plain, '\S{200,}', ' ', 'g');
END $$;

-- Each lexeme carries its scope, the collection's id, so one GIN index holds every collection apart.
CREATE FUNCTION lexemes(language regconfig, scope integer, body text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(' ' || to_tsvector(language, searchable(body))::text, ' ''', ' ''' || scope || '/')::tsvector;
"""

CHUNKS = """
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
) WITH (toast_tuple_target = 8160);
-- Ranking reads the vector once for every lexeme of a question: unpacking it each time would cost most of all.
ALTER TABLE chunks ALTER COLUMN tsv SET STORAGE EXTERNAL;
CREATE INDEX chunks_tsv ON chunks USING gin (tsv) WHERE active;
CREATE INDEX chunks_content ON chunks (collection_id, content_hash) WHERE active;
"""

# What BM25 needs to know of a collection, frozen: results of one snapshot can be compared with each other.
LEXEME_STATISTICS = """
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
"""

# One row per change of a collection: what a cached result of an older version is checked against.
CHANGES = """
CREATE TABLE corpus_changes (
    collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
    version bigint NOT NULL,
    document_id uuid,
    document_version integer,
    kind text NOT NULL CHECK (kind IN ('added', 'replaced', 'removed', 'reindexed')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (collection_id, version)
);

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
"""

CONVERSATIONS = """
CREATE TABLE conversations (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant text NOT NULL DEFAULT 'default',
    collection text NOT NULL,
    title text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX conversations_listing ON conversations (tenant, id);

CREATE TABLE messages (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant text NOT NULL DEFAULT 'default',
    conversation_id uuid NOT NULL REFERENCES conversations ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('user', 'assistant')),
    content text NOT NULL,
    sources jsonb NOT NULL DEFAULT '[]',
    query_id uuid,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX messages_listing ON messages (conversation_id, id);

CREATE TABLE feedback (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant text NOT NULL DEFAULT 'default',
    query_id uuid NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('up', 'down', 'wrong_hit')),
    comment text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX feedback_query ON feedback (tenant, query_id);

CREATE TABLE experiments (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant text NOT NULL DEFAULT 'default',
    name text NOT NULL,
    definition jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (tenant, name)
);

CREATE TABLE api_keys (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    tenant text NOT NULL DEFAULT 'default',
    name text NOT NULL,
    key_hash bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
"""


def upgrade() -> None:
    for sql in (EXTENSIONS, COLLECTIONS, DOCUMENTS, LEXEMES, CHUNKS, LEXEME_STATISTICS, CHANGES, CONVERSATIONS):
        run_sql(sql)
    run_sql(query_cache_ddl() + cache_leases_ddl())
    run_sql(QueryBuilderEnvironment().build_install_query(create_schema=False))


def downgrade() -> None:
    run_sql(QueryBuilderEnvironment().build_uninstall_query())
    run_sql("""
    DROP TABLE query_cache, cache_leases, api_keys, experiments, feedback, messages, conversations, corpus_changes,
        lexeme_statistics, lexeme_snapshots, chunks, upload_keys, document_versions, documents, embedding_spaces,
        collections CASCADE;
    DROP FUNCTION bump_corpus(integer, uuid, integer, text);
    DROP FUNCTION refresh_lexeme_statistics(integer, real);
    DROP FUNCTION lexemes(regconfig, integer, text);
    DROP FUNCTION searchable(text);
    """)
