"""What Alembic runs for each command; the connection, in a transaction, comes from ``upgrade``."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
