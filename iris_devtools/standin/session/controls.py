"""Statements that neither read nor write rows: transactions, options, privileges, databases (iris-sql 8.4,
10)."""

from __future__ import annotations

__all__ = ["Controls"]
