"""The command ``iris-devtools``. Importing it costs nothing but click; each command imports what it needs."""

from __future__ import annotations

from iris_devtools.cli.app import main

__all__ = ["main"]
