"""Which server this is, and the name of the engine that writes its files."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["ServerVersion"]


@dataclass(frozen=True)
class ServerVersion:
    """What a server says about itself: ``$ZVERSION`` and the dotted number (wire-protocol 10)."""

    text: str
    number: str

    @property
    def engine(self) -> str:
        """Return the short name of what writes the database files.

        ``standin-<format>`` for the stand-in, ``iris-<major>.<minor>`` for IRIS. A snapshot is restored only
        by the engine that wrote it.
        """
        standin = _STANDIN.search(self.text)
        if standin:
            return f"standin-{standin['format']}"
        return f"iris-{'.'.join(self.release)}"

    @property
    def is_standin(self) -> bool:
        """Tell whether this is the stand-in."""
        return _STANDIN.search(self.text) is not None

    @property
    def release(self) -> tuple[str, str]:
        """Return major and minor version, ``("2025", "1")``; the number first, else the text."""
        match = _RELEASE.search(self.number) or _RELEASE.search(self.text)
        return (match["major"], match["minor"]) if match else ("0", "0")

    def __str__(self) -> str:
        return self.text


_STANDIN = re.compile(r"\(Build standin-(?P<format>\d+)\)")
_RELEASE = re.compile(r"(?P<major>\d{4})\.(?P<minor>\d+)")
