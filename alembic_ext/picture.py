"""The revision graph in the form that was asked for: what ``alembic iris-graph`` does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from alembic_ext.graph import GraphResult, read_graph
from alembic_ext.graph_html import draw_html
from alembic_ext.graph_text import draw_mermaid
from iris_devtools.errors import ConfigurationError

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["graph"]


def graph(config: Config, *, mermaid: bool = False, html: Path | None = None) -> GraphResult:
    """Return the revision graph with what the store holds of it. Needs no server.

    ``mermaid`` puts a Mermaid diagram into ``text``; ``html`` writes one self-contained page to that path.

    Raises:
        ConfigurationError: the page cannot be written.
        IrisDevtoolsError: the sources or the store cannot be read.
    """
    result = read_graph(config)
    if mermaid:
        return replace(result, text=draw_mermaid(result))
    if html is None:
        return result
    project = Path(config.config_file_name or ".").resolve().parent.name
    try:
        html.write_text(draw_html(result, title=f"Revisions of {project}"), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"The page cannot be written to {html}: {error.strerror}.",
            hint="Name a file in a directory that is there and can be written.",
            path=html,
        ) from error
    return replace(result, written=str(html))
