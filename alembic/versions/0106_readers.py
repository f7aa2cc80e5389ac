"""Collections for some: readers and writers by group or key, and the groups of keys."""

from app.db.migrate import run_sql

revision = "0106"
down_revision = "0105"


def upgrade() -> None:
    run_sql("""
    -- Null: everybody of the tenant.
    ALTER TABLE collections ADD COLUMN readers text[], ADD COLUMN writers text[];
    ALTER TABLE api_keys ADD COLUMN groups text[] NOT NULL DEFAULT '{}';
    DROP TRIGGER api_keys_changed ON api_keys;
    CREATE TRIGGER api_keys_changed AFTER INSERT OR DELETE OR UPDATE OF
        tenant, label, scopes, collections, groups, expires_at, key_hash, previous_hash, previous_until, revoked_at
        ON api_keys FOR EACH ROW EXECUTE FUNCTION announce_key();
    """)
