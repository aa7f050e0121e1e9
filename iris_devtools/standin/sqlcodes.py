"""The general text of every SQLCODE that the stand-in can meet (iris-sql.md 11, iris-facts.md 8.1)."""

from __future__ import annotations

__all__ = ["GENERAL_TEXTS"]

GENERAL_TEXTS: dict[int, str] = {}
