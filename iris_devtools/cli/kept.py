"""What the verbs for kept databases share: the project's settings, its server, and the one that is meant."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from iris_devtools.admin import Admin
    from iris_devtools.config import Settings

__all__ = ["connected", "kept_in", "project_option"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


def project_option(command: _Command) -> _Command:
    """Add ``--project`` to a command."""
    return click.option(
        "--project",
        type=click.Path(exists=True, path_type=Path),
        help="A directory of the project.  [default: the working directory]",
    )(command)


@contextmanager
def connected(project: Path | None) -> Iterator[tuple[Admin, Settings]]:
    """Connect to the project's server for the block; the stand-in is started where it does not run."""
    from iris_devtools.admin import Admin
    from iris_devtools.config import load_settings
    from iris_devtools.servers.choose import choose_server

    settings = load_settings(project)
    with (
        choose_server(settings) as handle,
        Admin.connect(handle.server, timeout_s=settings.connect_timeout_s) as admin,
    ):
        yield admin, settings


def kept_in(settings: Settings) -> Path:
    """Return where the project's kept databases are noted."""
    from iris_devtools.testing.forensics import kept_directory

    return kept_directory(settings.root)
