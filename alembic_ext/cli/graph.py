"""``alembic iris-graph``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic_ext.cli.command import Command

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from alembic.config import Config

    from alembic_ext.graph import GraphResult

__all__ = ["COMMAND"]


def _arguments(parser: ArgumentParser) -> None:
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--mermaid", action="store_true", help="print a Mermaid diagram")
    form.add_argument("--html", type=Path, metavar="FILE", help="write one self-contained HTML page")


def _run(config: Config, options: Namespace) -> GraphResult:
    from alembic_ext import commands

    return commands.graph(config, mermaid=options.mermaid, html=options.html)


def _show(config: Config, result: GraphResult) -> None:
    """Print the picture, or where it was written to."""
    from alembic_ext.graph_text import draw_terminal

    if result.written is not None:
        config.print_stdout("%s", f"The graph is in {result.written}")
    elif result.text is not None:
        config.print_stdout("%s", result.text)
    elif not result.nodes:
        config.print_stdout("There are no revisions yet.")
    else:
        for line in draw_terminal(result):
            config.print_stdout("%s", line)


COMMAND = Command(
    name="iris-graph",
    help="Draw the revision graph with what is cached, what is stale, sizes and times.",
    run=_run,
    show=_show,
    arguments=_arguments,
)
