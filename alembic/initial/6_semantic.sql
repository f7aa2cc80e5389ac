-- A segment shares one threshold: a collection's questions in one namespace to one pair of models.
CREATE TABLE semantic_segments (
    segment varchar(64) PRIMARY KEY,
    tenant text NOT NULL DEFAULT 'default',
    collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
    namespace text NOT NULL,
    threshold real,
    reason text NOT NULL DEFAULT '',
    -- Labels and traffic before this moment are ignored: the questions have changed since (drift).
    since timestamptz NOT NULL DEFAULT now(),
    calibrated_at timestamptz
);
CREATE INDEX semantic_segments_collection ON semantic_segments (collection_id);

-- Would-be hits whose result was compared with a fresh one, or that a person called wrong.
CREATE TABLE semantic_labels (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    segment varchar(64) NOT NULL REFERENCES semantic_segments ON DELETE CASCADE,
    query_text text NOT NULL,
    matched_query text NOT NULL,
    similarity real NOT NULL,
    correct boolean NOT NULL,
    served boolean NOT NULL,
    source text NOT NULL CHECK (source IN ('pipeline', 'person')),
    detail text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX semantic_labels_segment ON semantic_labels (segment, id DESC);

-- Lookups by hour, and the would-be hits among them by step of their similarity.
CREATE TABLE semantic_traffic (
    segment varchar(64) NOT NULL REFERENCES semantic_segments ON DELETE CASCADE,
    hour timestamptz NOT NULL,
    lookups bigint NOT NULL,
    served bigint NOT NULL,
    matches integer[] NOT NULL,
    PRIMARY KEY (segment, hour)
);

-- Written when a question gets another question's result: a verdict names the query_id alone.
CREATE TABLE semantic_matches (
    query_id uuid PRIMARY KEY,
    tenant text NOT NULL DEFAULT 'default',
    partition varchar(64) NOT NULL,
    cache_key varchar(64) NOT NULL,
    query_text text NOT NULL,
    matched_query text NOT NULL,
    similarity real,
    segment varchar(64) NOT NULL DEFAULT '',
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
-- A pair is kept apart in every partition, in whichever order it comes.
CREATE INDEX semantic_negatives_texts ON semantic_negatives (tenant, md5(query_text), md5(matched_query));
