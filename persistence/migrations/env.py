"""Runs migrations on the connection that `persistence.schema.migrate` passes in."""

from alembic import context

from persistence.tables import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
