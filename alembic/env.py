"""Runs the migrations over asyncpg, on the connection that `app.db.migrate` opened."""

from sqlalchemy import Connection

from alembic import context


def run(connection: Connection) -> None:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
