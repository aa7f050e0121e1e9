"""Snapshots, on an IRIS server: the tests that the stand-in passes."""

from __future__ import annotations

from tests.iris.borrowing import borrowed

globals().update(borrowed("test_snapshot"))
