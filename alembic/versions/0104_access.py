"""Keys with a reach. The keys made before keep all that they could do: every scope, every collection."""

from app.db.migrate import run_sql

revision = "0104"
down_revision = "0103"


def upgrade() -> None:
    run_sql("""
    ALTER TABLE api_keys RENAME COLUMN name TO label;
    ALTER TABLE api_keys
        ADD COLUMN scopes text[] NOT NULL DEFAULT '{read,write,admin,operator}',
        ADD COLUMN collections text[] NOT NULL DEFAULT '{*}',
        ADD COLUMN expires_at timestamptz,
        -- The secret before the newest one, valid until then.
        ADD COLUMN previous_hash bytea UNIQUE,
        ADD COLUMN previous_until timestamptz,
        ADD COLUMN last_used_at timestamptz;
    ALTER TABLE api_keys ALTER COLUMN scopes DROP DEFAULT;
    CREATE INDEX api_keys_listing ON api_keys (tenant, id);

    -- Replicas keep verified keys in memory. A change by hand is heard as well.
    CREATE FUNCTION announce_key() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('api_keys_changed', coalesce(NEW.id, OLD.id)::text);
        RETURN NULL;
    END $$;
    CREATE TRIGGER api_keys_changed AFTER INSERT OR DELETE OR UPDATE OF
        tenant, label, scopes, collections, expires_at, key_hash, previous_hash, previous_until, revoked_at
        ON api_keys FOR EACH ROW EXECUTE FUNCTION announce_key();

    -- The collections that a conversation rests on; one of a null may no longer be there.
    ALTER TABLE conversations ADD COLUMN collection_ids integer[] NOT NULL DEFAULT '{}';
    UPDATE conversations v SET collection_ids = ARRAY[(
        SELECT c.id FROM collections c WHERE c.tenant = v.tenant AND c.name = v.collection AND c.deleted_at IS NULL
    )];
    """)
