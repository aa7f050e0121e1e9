"""``python -m iris_devtools`` is the command ``iris-devtools``."""

from __future__ import annotations

from iris_devtools.cli import main

if __name__ == "__main__":
    main(prog_name="iris-devtools")
