"""Keeps what servers leave in a project out of version control."""

from __future__ import annotations

from pathlib import Path

__all__ = ["keep_out_of_git"]

_OURS = ".iris-devtools"


def keep_out_of_git(directory: Path) -> None:
    """Write a ``.gitignore`` into the ``.iris-devtools`` that a directory lies in, unless there is one.

    Elsewhere a directory was chosen by somebody, and nothing is written beside what is theirs.
    """
    for parent in directory.parents:
        if parent.name == _OURS and not (ignored := parent / ".gitignore").exists():
            ignored.write_text("# Written by iris-devtools.\n*\n", encoding="utf-8")
