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
    collection_id integer NOT NULL REFERENCES collections ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    stopped_at timestamptz,
    UNIQUE (tenant, name)
);
-- Two experiments on one collection would measure each other.
CREATE UNIQUE INDEX experiments_running ON experiments (collection_id) WHERE stopped_at IS NULL;

CREATE TABLE experiment_answers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    experiment_id uuid NOT NULL REFERENCES experiments ON DELETE CASCADE,
    variant text NOT NULL,
    unit bytea NOT NULL,
    query_id uuid NOT NULL,
    outcome text NOT NULL,
    cached boolean NOT NULL,
    ttft_ms real,
    total_ms real NOT NULL,
    output_tokens integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX experiment_answers_experiment ON experiment_answers (experiment_id);
