"""``python -m alembic_ext``: the ``alembic`` program with the commands of this package."""

from alembic_ext.commandline import main

if __name__ == "__main__":
    main()
