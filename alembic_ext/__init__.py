"""The Alembic extension: snapshots keyed by revision, as commands of the stock ``alembic`` program."""
