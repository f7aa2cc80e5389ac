"""What filters compare of a passage: its document's attributes with its pages."""

from app.db.migrate import run_sql

revision = "0110"
down_revision = "0109"


def upgrade() -> None:
    run_sql("""
    CREATE FUNCTION chunk_attributes(attributes jsonb, page integer, last_page integer) RETURNS jsonb
        LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN page IS NULL THEN attributes
        ELSE attributes || jsonb_build_object('page', jsonb_build_array(page, coalesce(last_page, page))) END;
    """)
