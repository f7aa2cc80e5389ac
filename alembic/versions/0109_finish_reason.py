"""How each answer of a conversation ended, so that questions that found nothing can be listed."""

from app.db.migrate import run_sql

revision = "0109"
down_revision = "0108"


def upgrade() -> None:
    run_sql("""
    -- Null for questions, and for answers that were stored before.
    ALTER TABLE messages ADD COLUMN finish_reason text;
    CREATE INDEX messages_query ON messages (query_id);
    CREATE INDEX messages_unanswered ON messages (tenant, created_at)
        WHERE finish_reason IN ('no_context', 'near_miss');
    CREATE INDEX feedback_listing ON feedback (tenant, id);
    """)
