"""The configuration as a readable ``iris.cpf``, for people and for tools that look into it."""

from __future__ import annotations

import os
from pathlib import Path

from iris_devtools.standin.storage.configuration import Configuration

__all__ = ["render_cpf", "write_cpf"]


def render_cpf(configuration: Configuration) -> str:
    """Return the sections [Databases] and [Namespaces]. The text is only a rendition: nothing reads it
    back.
    """
    lines = ["[ConfigFile]", "Product=IRIS-devtools stand-in", "", "[Databases]"]
    lines += [f"{entry.name}={entry.directory}{os.sep}" for entry in configuration.databases()]
    lines += ["", "[Namespaces]"]
    for entry in configuration.namespaces():
        one = entry.globals.upper() == entry.routines.upper()
        lines.append(f"{entry.name}={entry.globals}" + ("" if one else f",{entry.routines}"))
    return "\n".join(lines) + "\n"


def write_cpf(configuration: Configuration, path: Path) -> None:
    """Replace the file with the present configuration."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(render_cpf(configuration), encoding="utf-8")
    temporary.replace(path)
