"""How a command ends: the exit code of every error, and the way errors are shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from iris_devtools import errors
from iris_devtools.errors import IrisDevtoolsError

__all__ = ["EXIT_CODES", "ended"]


def _classes(root: type[IrisDevtoolsError]) -> Iterator[type[IrisDevtoolsError]]:
    yield root
    for child in root.__subclasses__():
        yield from _classes(child)


EXIT_CODES: dict[type[IrisDevtoolsError], int] = {
    found: found.exit_code for found in _classes(errors.IrisDevtoolsError)
}
"""Every error class of :mod:`iris_devtools.errors`, and the exit code of a command that ends with it."""


@contextmanager
def ended() -> Iterator[None]:
    """Show an error that ends the command on standard error, and exit with its code."""
    try:
        yield
    except IrisDevtoolsError as error:
        click.echo(f"{click.style('error:', fg='red', bold=True)} {error.message}", err=True)
        if error.hint:
            click.echo(error.hint, err=True)
        sys.exit(error.exit_code)
