"""The licence key of the image: who may use it, until when, for how many connections (iris-facts 7)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

__all__ = ["COMMUNITY", "Licence", "read_licence"]

_LINE = re.compile(r"^\s*(\w+)\s*=\s*(.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Licence:
    """What a key grants. ``connections`` is ``None`` for as many as come."""

    holder: str
    connections: int | None = None
    expires: date | None = None

    def expired(self, today: date) -> bool:
        """Tell whether the key has run out."""
        return self.expires is not None and today > self.expires


COMMUNITY = Licence("InterSystems IRIS Community", connections=8)
"""What a server without a key may do."""


def read_licence(key: Path) -> Licence:
    """Return the licence in ``iris.key``, the community's when there is no such file."""
    try:
        lines = dict(_LINE.findall(key.read_text(encoding="utf-8", errors="replace")))
    except OSError:
        return COMMUNITY
    expires = None
    if text := lines.get("ExpirationDate"):
        try:
            expires = datetime.strptime(text, "%m/%d/%Y").date()
        except ValueError:
            expires = None
    return Licence(lines.get("CustomerName", "unknown"), expires=expires)
