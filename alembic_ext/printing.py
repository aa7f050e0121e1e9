"""How facts and figures read on a terminal; what the printers of the commands share."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from iris_devtools.progress import Reporter, reporter_for

if TYPE_CHECKING:
    from alembic.config import Config

    from iris_devtools.snapshots.manifest import Manifest

__all__ = ["count", "facts", "holdings", "reporter", "seconds", "size", "table"]


def reporter(config: Config, *, quiet: bool) -> Reporter:
    """Return who shows progress.

    Nobody for ``--json`` and ``--quiet``, else a bar or lines on standard error.
    """
    return reporter_for(sys.stderr, quiet=quiet or bool(getattr(config.cmd_opts, "quiet", False)))


def facts(config: Config, headline: str, *named: tuple[str, str]) -> None:
    """Print a headline and below it one fact a line; a fact without a name continues the line above."""
    config.print_stdout("%s", headline)
    for name, value in named:
        config.print_stdout("%s", f"  {name:<9} {value}" if name else f"  {value}")


def table(config: Config, rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns; the last column is as wide as it likes."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        config.print_stdout("%s", "  ".join([*cells, row[-1]]))


def holdings(manifest: Manifest) -> str:
    """Say in a few words what a snapshot holds."""
    rows = sum(table.rows for table in manifest.tables)
    return f"{count(len(manifest.tables), 'table')}, {count(rows, 'row')}, {size(manifest.size)}"


def count(number: int, what: str) -> str:
    """Return a number and what is counted, in the plural where it is one."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def size(size_bytes: int) -> str:
    """Return a number of bytes for a reader."""
    if size_bytes >= 1e9:
        return f"{size_bytes / 1e9:.1f} GB"
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes >= 1e5 else f"{size_bytes / 1e3:.1f} kB"


def seconds(elapsed_s: float) -> str:
    """Return a duration for a reader."""
    if elapsed_s >= 60:
        return f"{elapsed_s / 60:.1f} min"
    return f"{elapsed_s:.1f} s" if elapsed_s >= 1 else f"{elapsed_s * 1000:.0f} ms"
