"""Runs against the database that DATABASE_URL names, each migration in a transaction of its own."""
import os

from alembic import context
from sqlalchemy import create_engine, pool

with create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
