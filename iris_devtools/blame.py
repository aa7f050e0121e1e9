"""Finds the line of a project's own code that an exception came from, for messages instead of tracebacks."""

from __future__ import annotations

import linecache
import sysconfig
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CodeLine", "line_of"]

_OURS = tuple(Path(__file__).parents[1] / name for name in ("iris_devtools", "alembic_ext"))
_STDLIB = Path(sysconfig.get_path("stdlib"))
_PACKAGES = frozenset({"site-packages", "dist-packages"})


@dataclass(frozen=True)
class CodeLine:
    """A line of a file: what stood there is in ``code``, where the file can be read."""

    file: Path
    line: int
    code: str = ""

    def __str__(self) -> str:
        """Return ``file, line 7 (the code)``; the file as seen from the working directory if it is below."""
        here = Path.cwd()
        file = self.file.relative_to(here) if self.file.is_relative_to(here) else self.file
        return f"{file}, line {self.line}" + (f" ({self.code})" if self.code else "")


def line_of(error: BaseException, *, homes: Iterable[Path] = ()) -> CodeLine | None:
    """Return the innermost line of a project's code that an exception went through; None where there is none.

    That is one in the directories ``homes``, also where these are installed; where the exception touched none
    of them, one of any file that is no installed package's. A syntax error is where the parser stopped.
    """
    if isinstance(error, SyntaxError) and error.lineno and Path(error.filename or "").is_file():
        return CodeLine(Path(str(error.filename)), error.lineno, (error.text or "").strip())
    found = [(Path(frame.f_code.co_filename), line) for frame, line in traceback.walk_tb(error.__traceback__)]
    at_home = tuple(homes)
    ours = [one for one in found if _is_below(one[0], at_home)]
    ours = ours or [one for one in found if one[0].is_file() and not _is_installed(one[0])]
    if not ours:
        return None
    file, line = ours[-1]
    return CodeLine(file, line, linecache.getline(str(file), line).strip())


def _is_installed(file: Path) -> bool:
    return _is_below(file, (*_OURS, _STDLIB)) or not _PACKAGES.isdisjoint(file.parts)


def _is_below(file: Path, directories: Iterable[Path]) -> bool:
    return any(file.is_relative_to(directory) for directory in directories)
