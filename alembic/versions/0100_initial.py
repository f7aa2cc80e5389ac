"""The whole schema: the SQL in `alembic/initial`, the cache's tables and the job queue's."""

from pathlib import Path

from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

from app.cache.postgres.schema import cache_leases_ddl, query_cache_ddl, query_vectors_ddl
from app.db.migrate import run_sql

revision = "0100"
down_revision = None

_SQL = Path(__file__).parents[1] / "initial"


def upgrade() -> None:
    for script in sorted(_SQL.glob("*.sql")):
        run_sql(script.read_text())
    run_sql(query_cache_ddl() + query_vectors_ddl() + cache_leases_ddl())
    run_sql(QueryBuilderEnvironment().build_install_query(create_schema=False))
